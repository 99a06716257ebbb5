package report

// tools returns the families that know the format of a tool, in no order that matters.
func tools(f *found) []family {
	return []family{
		newGoTest(f),
		newPytest(f),
		&cargo{found: f},
		&unittest{found: f},
		&tap{found: f, deep: -1},
		&js{found: f},
		&java{found: f},
		&linters{found: f},
		&others{found: f},
	}
}

// guesses returns the families that read what no tool's family knew, the surer ones first.
func guesses(f *found) []family {
	return []family{
		&compilers{found: f},
		&guesser{found: f},
	}
}
