// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package archive

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

const ignoreFile = ".dbosignore"

// lineEnds are the line ends of JavaScript's regular expressions. The CLI's ** matches none of them.
const lineEnds = "\n\r\u2028\u2029"

// The CLI leaves these out at any depth, whether they are directories or files.
var (
	neverSentDirectories = []string{".dbos", "node_modules", "dist", ".git", "venv", ".venv"}
	neverSentNames       = []string{configName, ".python-version"}
)

// alwaysIgnored tells whether the CLI always leaves a name out. Its patterns do not match directories with a line end
// in their name, nor files whose name begins with one, so it leaves these out as well.
func alwaysIgnored(name string, directory bool) bool {
	if slices.Contains(neverSentDirectories, name) || slices.Contains(neverSentNames, name) {
		return true
	}
	at := strings.IndexAny(name, lineEnds)
	return at == 0 || at > 0 && directory
}

// terraformOwn tells whether a name belongs to Terraform and not to the application beside it.
func terraformOwn(name string, directory bool) bool {
	switch name {
	case ".terraform":
		return directory
	case ".terraform.lock.hcl", "crash.log":
		return true
	}
	for _, suffix := range []string{".tfstate", ".tfvars", ".tfvars.json"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return strings.Contains(name, ".tfstate.")
}

// ignoreList holds the patterns of a .dbosignore.
type ignoreList struct {
	patterns []ignorePattern
}

// parseIgnore reads a .dbosignore.
func parseIgnore(text string) (*ignoreList, error) {
	list := &ignoreList{}
	for i, line := range strings.Split(strings.ToValidUTF8(text, "\uFFFD"), "\n") {
		line = trimJavaScript(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		patterns, err := translate(line)
		if err != nil {
			return nil, unsupported(i+1, line, err)
		}
		if list.patterns = append(list.patterns, patterns...); len(list.patterns) > maxFilePatterns {
			return nil, fmt.Errorf("%s:%d: the lines up to here expand to more than %d patterns; write fewer braces and brackets", ignoreFile, i+1, maxFilePatterns)
		}
	}
	return list, nil
}

// trimJavaScript trims as String.prototype.trim does, which differs a little from unicode.IsSpace.
func trimJavaScript(s string) string {
	return strings.Trim(s, "\t\n\v\f\r \u00A0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A\u2028\u2029\u202F\u205F\u3000\uFEFF")
}

// file tells whether the list leaves out a file, given by its path relative to the root.
func (l *ignoreList) file(relative string) bool {
	return l.matches(relative, false)
}

// directory tells whether the list leaves out a directory with all that is in it.
func (l *ignoreList) directory(relative string) bool {
	return l.matches(relative, true)
}

func (l *ignoreList) matches(relative string, directory bool) bool {
	name := "/" + oneRunePerUnit(relative)
	lineEnd := strings.ContainsAny(name, lineEnds)
	return slices.ContainsFunc(l.patterns, func(p ignorePattern) bool {
		if directory && !p.directories || lineEnd && p.deep {
			return false
		}
		return doublestar.MatchUnvalidated(p.text, name)
	})
}

// unsupported says why a line of a .dbosignore cannot be read.
func unsupported(line int, pattern string, reason error) error {
	const most = 100
	if len(pattern) > most {
		pattern = strings.ToValidUTF8(pattern[:most], "") + "…"
	}
	return fmt.Errorf("%s:%d: the pattern %q cannot be read as the CLI reads it: %w; write it with * ** ? [...] and {a,b} only", ignoreFile, line, pattern, reason)
}
