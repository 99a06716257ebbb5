package symbols

func pythonSyntax() syntax {
	return syntax{hash: true, double: quoteString, single: quoteString, triple: true}
}

func rubySyntax() syntax {
	return syntax{hash: true, ruby: true, double: quoteLong, single: quoteLong, tick: quoteLong,
		interp: [2]string{"#{"}, ident: "@$", regex: true, heredoc: "<<"}
}

func shellSyntax() syntax {
	return syntax{hash: true, shell: true, double: quoteLong, single: quoteLong, interp: [2]string{"$(", "${"},
		ident: "-.:@", heredoc: "<<"}
}

func sqlSyntax() syntax {
	return syntax{sql: true, dash: true, doubled: true,
		double: quoteIdent, single: quoteLong, tick: quoteIdent}
}

// syntaxOf returns how the text of a language falls into tokens, and whether it is one
// that the lexer reads.
func syntaxOf(lang string) (syntax, bool) {
	switch lang {
	case "python":
		return pythonSyntax(), true
	case "ruby":
		return rubySyntax(), true
	case "shell":
		return shellSyntax(), true
	case "sql":
		return sqlSyntax(), true
	}
	d, ok := dialectOf(lang)
	return d.syntax, ok
}
