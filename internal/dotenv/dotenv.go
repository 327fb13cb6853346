// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Package dotenv reads a dotenv file exactly as "dbos-cloud app env import" does. The CLI reads it with the npm
// packages dotenv 16 and dotenv-expand 12, and no Go library agrees with those: of the 52 texts in this package's test,
// compose-go reads 12 differently, gotenv 16 and godotenv 19, most of them without an error. A secret that is read
// differently is a wrong secret, so this package follows the CLI.
package dotenv

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode"
)

// white is what \s means in JavaScript.
const white = `[\s\v\p{Z}\x{feff}]`

var (
	lineBreak = regexp.MustCompile(`\r\n?`)
	reference = regexp.MustCompile(`\$\{([^{}]+)\}|\$([A-Za-z_][A-Za-z0-9_]*)`)
	operator  = regexp.MustCompile(`:\+|\+|:-|-`)
)

// assignment is compiled when it is first used, because every start of the provider would wait for it.
var assignment = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^` + white + `*(?:export` + white + `+)?([\w.-]+)(?:` + white + `*=` + white + `*?|:` + white + `+?)(` +
		white + `*'(?:\\'|[^'])*'|` + white + `*"(?:\\"|[^"])*"|` + white + "*`(?:\\\\`|[^`])*`|" + `[^#\n]+)?` + white + `*(?:#.*)?$`)
})

// mostReplacements bounds the references of one value. Values that refer to each other would expand for ever.
const mostReplacements = 1000

// Parse returns the variables of a dotenv file. A reference such as ${NAME} names a variable above it in the file; any
// other reference is empty. Lines that are no assignments are ignored. The error names a variable whose references do
// not end.
func Parse(content string) (map[string]string, error) {
	var names []string
	raw := map[string]string{}
	for _, match := range assignment().FindAllStringSubmatch(lineBreak.ReplaceAllString(content, "\n"), -1) {
		name := match[1]
		if _, again := raw[name]; !again {
			names = append(names, name)
		}
		raw[name] = unquote(match[2])
	}
	variables := map[string]string{}
	for _, name := range names {
		value, err := expand(raw[name], variables)
		if err != nil {
			return nil, fmt.Errorf("the references of %s never end", name)
		}
		variables[name] = strings.ReplaceAll(value, `\$`, "$")
	}
	return variables, nil
}

// unquote removes the quotation marks. Only double ones give \n and \r a meaning.
func unquote(value string) string {
	value = strings.TrimFunc(value, func(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' })
	if value == "" {
		return ""
	}
	quote := value[0]
	if strings.IndexByte("'\"`", quote) >= 0 && len(value) > 1 && value[len(value)-1] == quote {
		value = value[1 : len(value)-1]
	}
	if quote == '"' {
		value = strings.NewReplacer(`\n`, "\n", `\r`, "\r").Replace(value)
	}
	return value
}

// expand replaces references one after the other, from the left, until none is left.
func expand(value string, variables map[string]string) (string, error) {
	seen := map[string]bool{}
	for range mostReplacements {
		template, expression, found := firstReference(value)
		if !found {
			return value, nil
		}
		seen[value] = true
		name, replacement := evaluate(expression, variables, seen)
		value = replaceFirst(value, template, replacement)
		if known, ok := variables[name]; ok && value == known {
			return value, nil
		}
	}
	return "", fmt.Errorf("more than %d references", mostReplacements)
}

// firstReference finds the first reference that no backslash escapes.
func firstReference(value string) (template, expression string, found bool) {
	for begin := 0; begin < len(value); {
		at := reference.FindStringSubmatchIndex(value[begin:])
		if at == nil {
			return "", "", false
		}
		start := begin + at[0]
		if start > 0 && value[start-1] == '\\' {
			begin = start + 1
			continue
		}
		match := reference.FindStringSubmatch(value[start:])
		return match[0], match[1] + match[2], true
	}
	return "", "", false
}

// evaluate returns the variable that an expression such as NAME:-default names, and its value. A value that was
// expanded before refers to itself, and counts as empty.
func evaluate(expression string, variables map[string]string, seen map[string]bool) (name, value string) {
	name, rest := expression, ""
	sign := ""
	if at := operator.FindStringIndex(expression); at != nil {
		name, sign, rest = expression[:at[0]], expression[at[0]:at[1]], expression[at[1]:]
	}
	known := variables[name]
	if strings.HasSuffix(sign, "+") {
		if known == "" {
			rest = ""
		}
		return name, rest
	}
	if known == "" || seen[known] {
		return name, rest
	}
	return name, known
}

// replaceFirst is JavaScript's String.replace, which gives a dollar sign in the replacement a meaning.
func replaceFirst(value, template, replacement string) string {
	before, after, _ := strings.Cut(value, template)
	return before + strings.NewReplacer("$$", "$", "$&", template, "$`", before, "$'", after).Replace(replacement) + after
}
