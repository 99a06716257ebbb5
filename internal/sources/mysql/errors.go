package mysql

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/go-sql-driver/mysql"

	"cleat/internal/fail"
)

// answered reports whether err is the server's word on a statement, which has ended then.
func answered(err error) bool {
	var e *mysql.MySQLError
	return errors.As(err, &e)
}

// overtime reports whether the server ended a statement because its time was over.
func overtime(err error) bool {
	var e *mysql.MySQLError
	return errors.As(err, &e) && (e.Number == 1969 || e.Number == 3024 || e.Number == 1317 || e.Number == 1907)
}

// connectError says why there is no connection, and keeps it for Health. Nothing of the
// DSN but the role's name and the address is in it.
func (s *Source) connectError(ctx context.Context, t *target, err error) error {
	out := s.whyNot(ctx, t, err)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.health, s.reached = out.What, false
	return out
}

func (s *Source) whyNot(ctx context.Context, t *target, err error) *fail.Error {
	var known *fail.Error
	if errors.As(err, &known) {
		return known
	}
	where := t.config.Addr
	unavailable := func(format string, args ...any) *fail.Error {
		return fail.Errorf(fail.Unavailable, format, args...).Then("try again when the server is up, or ask the user to check the source's dsn")
	}
	var my *mysql.MySQLError
	var op *net.OpError
	var cert *tls.CertificateVerificationError
	var host x509.HostnameError
	switch {
	case errors.As(err, &my):
		switch my.Number {
		case 1045, 1698, 1251, 4151:
			s.forget()
			return fail.Errorf(fail.Unavailable, "the server refused the role %s", line(t.config.User)).
				Because("the password is wrong, or the role may not connect from here").Then("ask the user to check the source's dsn")
		case 1044, 1049:
			s.forget()
			return fail.Errorf(fail.Unavailable, "the role %s has no database %s", line(t.config.User), line(t.config.DBName)).Then("ask the user to check the source's dsn")
		case 1040, 1203, 1226:
			return unavailable("the server at %s has too many connections", where)
		}
		return unavailable("the server at %s refused the connection (MySQL error %d)", where, my.Number)
	case errors.Is(err, mysql.ErrNoTLS):
		return fail.Errorf(fail.Unavailable, "the server at %s has no TLS, which the dsn asks for", where).Then("ask the user to set up TLS at the server")
	case errors.As(err, &cert), errors.As(err, &host):
		return fail.Errorf(fail.Unavailable, "the certificate of the server at %s cannot be trusted", where).Then("ask the user to check the server's certificate")
	case errors.Is(err, mysql.ErrCleartextPassword), errors.Is(err, mysql.ErrNativePassword), errors.Is(err, mysql.ErrOldPassword), errors.Is(err, mysql.ErrUnknownPlugin):
		return fail.Errorf(fail.Unavailable, "the server at %s wants a kind of login that is not supported here", where)
	case errors.Is(err, syscall.ECONNREFUSED):
		return unavailable("no server listens at %s", where)
	case errors.Is(err, errTooMuch):
		return unavailable("the server at %s does not speak MySQL's protocol", where)
	case errors.Is(err, context.DeadlineExceeded), ctx.Err() != nil, errors.As(err, &op) && op.Timeout():
		return unavailable("the server at %s does not answer in time", where)
	case errors.As(err, &op) && op.Op == "dial":
		return unavailable("the server at %s cannot be reached", where).Because("%s", line(op.Err.Error()))
	}
	return unavailable("the connection to %s broke off", where)
}

// line makes one short line of foreign text.
func line(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	if len(s) <= 300 {
		return s
	}
	s = s[:297]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + "…"
}

// statementError is the error of a statement. While columns are masked nothing that the
// server quotes is repeated, for it may be a value.
func (s *Source) statementError(ctx context.Context, c *conn, st statement, err error) error {
	var known *fail.Error
	if errors.As(err, &known) {
		return known
	}
	var my *mysql.MySQLError
	switch {
	case errors.As(err, &my):
	case c.budget.over.Load():
		return fail.Errorf(fail.TooLarge, "a row of the answer has more than %d MB", mostRow>>20).Then("ask for a part of the long value: SUBSTR(x, 1, 1000), LENGTH(x)")
	case errors.Is(err, mysql.ErrPktTooLarge):
		return fail.Errorf(fail.TooLarge, "the statement with its parameters is too large for the server")
	default:
		if ctx.Err() != nil {
			return ctx.Err()
		}
		e := fail.Errorf(fail.Unavailable, "the connection to the server broke off").Then("try again; status shows the sources' health")
		s.setHealth(e.What)
		return e
	}
	text, values := my.Message, quotedParts(my.Message)
	if s.rules.Masks() && !aboutNames(my.Number) {
		text = unquote(text)
	}
	server := "MySQL"
	if c.maria {
		server = "MariaDB"
	}
	what := fmt.Sprintf("%s: %s (%d, SQLSTATE %s)", server, line(text), my.Number, state(my))
	if aboutNames(my.Number) {
		return s.unknown(ctx, c, st, what, my.Number, values)
	}
	switch my.Number {
	case 1044, 1142, 1143, 1227, 1370, 1345, 1290:
		return fail.Errorf(fail.Denied, "%s", what).Because("the role %s does not have the right", line(c.user)).Then("ask the user to grant it, or leave that part out")
	case 1792, 1223:
		return fail.Errorf(fail.Denied, "%s", what).Because("db_query runs in a transaction that cannot write")
	case 1205, 1213:
		return fail.Errorf(fail.Busy, "%s", what).Because("another session holds what the statement needs").After(2_000_000_000)
	case 1038, 1041, 5, 1021, 1114:
		return fail.Errorf(fail.Unavailable, "%s", what).Because("the server is short of memory or disk")
	case 1053, 1927, 2006, 2013, 1077, 1079, 1152, 1158, 1159, 1160, 1161:
		return fail.Errorf(fail.Unavailable, "%s", what)
	case 1064:
		return fail.Errorf(fail.Invalid, "%s", what).Then("correct the SQL; the dialect is %s", server)
	case 1295:
		return fail.Errorf(fail.Unsupported, "%s", what).Because("the server cannot prepare such a statement")
	}
	return fail.Errorf(fail.Invalid, "%s", what).Then("correct the SQL or its params")
}

// aboutNames reports whether an error is about a table, a column or the like that does not
// exist: what it quotes are names that the statement itself has, and no values.
func aboutNames(number uint16) bool {
	switch number {
	case 1146, 1051, 1109, 1054, 1305, 1049, 4091:
		return true
	}
	return false
}

func state(e *mysql.MySQLError) string {
	if e.SQLState == [5]byte{} {
		return "HY000"
	}
	return line(string(e.SQLState[:]))
}

// quotedParts returns what stands in '…' in a message.
func quotedParts(s string) []string {
	var out []string
	for i, part := range strings.Split(s, "'") {
		if i%2 == 1 {
			out = append(out, part)
		}
	}
	return out
}

// unquote leaves out of a message everything from its first quotation mark to its last, of
// any kind: what is quoted may hold quotation marks itself.
func unquote(s string) string {
	first, last := strings.IndexAny(s, "'\"`"), strings.LastIndexAny(s, "'\"`")
	if first < 0 {
		if strings.ContainsAny(s, "0123456789~") {
			return "the message is left out, for columns are masked"
		}
		return s
	}
	tail := s[last+1:]
	if first == last || strings.ContainsAny(tail, "0123456789~") {
		tail = ""
	}
	return strings.TrimSpace(s[:first] + "'…'" + tail)
}
