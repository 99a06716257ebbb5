package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
)

// A sarifLog is what is read of a SARIF 2.1.0 file.
type sarifLog struct {
	Runs []struct {
		Tool struct {
			Driver struct {
				Name string `json:"name"`
			} `json:"driver"`
		} `json:"tool"`
		Results []sarifResult `json:"results"`
	} `json:"runs"`
}

type sarifResult struct {
	RuleID  string `json:"ruleId"`
	Kind    string `json:"kind"`
	Level   string `json:"level"`
	Message struct {
		Text string `json:"text"`
	} `json:"message"`
	Locations []struct {
		Physical struct {
			Artifact struct {
				URI string `json:"uri"`
			} `json:"artifactLocation"`
			Region struct {
				Line   int `json:"startLine"`
				Column int `json:"startColumn"`
			} `json:"region"`
		} `json:"physicalLocation"`
	} `json:"locations"`
	Suppressions []struct {
		Status string `json:"status"`
	} `json:"suppressions"`
}

// SARIF reads the findings of a SARIF 2.1.0 file that are errors or warnings and that nobody
// suppressed. It refuses files of more than MaxFile bytes.
func SARIF(r io.Reader) (*Report, error) {
	data, err := io.ReadAll(&limited{r, MaxFile + 1})
	if err != nil {
		return nil, fmt.Errorf("reading SARIF: %w", err)
	}
	var log sarifLog
	if err := json.Unmarshal([]byte(strings.TrimPrefix(string(data), "\ufeff")), &log); err != nil {
		return nil, fmt.Errorf("reading SARIF: %w", err)
	}
	if log.Runs == nil {
		return nil, errors.New("reading SARIF: there are no runs")
	}
	found := newFound()
	for _, run := range log.Runs {
		for i := range run.Results {
			if f, ok := run.Results[i].failure(); ok {
				f.Tool = keep(strings.ToLower(run.Tool.Driver.Name), maxField)
				found.add(sure, f)
			}
		}
	}
	return found.report(), nil
}

// failure returns the result, unless it is none that counts.
func (s *sarifResult) failure() (Failure, bool) {
	if s.Level == "note" || s.Level == "none" || s.Kind != "" && s.Kind != "fail" {
		return Failure{}, false
	}
	for _, p := range s.Suppressions {
		if p.Status == "" || p.Status == "accepted" {
			return Failure{}, false
		}
	}
	f := Failure{Kind: Finding, Name: s.RuleID, Message: s.Message.Text}
	if len(s.Locations) > 0 {
		at := &s.Locations[0].Physical
		f.File, f.Line, f.Column = at.Artifact.URI, at.Region.Line, at.Region.Column
		if plain, err := url.PathUnescape(f.File); err == nil {
			f.File = plain
		}
	}
	return f, true
}
