// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package archive

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
)

const ignoreFile = ".dbosignore"

// The CLI leaves these out at any depth, whether they are directories or
// files.
var (
	neverSentDirectories = []string{".dbos", "node_modules", "dist", ".git", "venv", ".venv"}
	neverSentNames       = []string{configName, ".python-version"}
)

// alwaysIgnored says whether the CLI leaves a name out wherever it is. It
// also passes over directories with a line end in their name, and over files
// whose name begins with one, because its patterns do not match those.
func alwaysIgnored(name string, directory bool) bool {
	if slices.Contains(neverSentDirectories, name) || slices.Contains(neverSentNames, name) {
		return true
	}
	at := strings.IndexAny(name, "\n\r\u2028\u2029")
	return at == 0 || at > 0 && directory
}

// terraformOwn says whether a name belongs to Terraform and not to the
// application that lies beside the configuration.
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

// ignorePattern is one pattern after its braces are written out. Only some
// patterns keep the CLI out of directories; files it tries against all.
type ignorePattern struct {
	program     program
	literal     string // instead of a program, for a pattern without magic
	above       int    // how many directories above the root its paths begin
	directories bool
}

// The CLI joins each pattern to its working directory, so "../" gets out of
// it. Where that leads depends on the machine; here it leads to directories
// with a name that no pattern spells out.
const (
	rootDepth = 16
	rootName  = "\uE000"
)

var virtualRoot = strings.Repeat("/"+rootName, rootDepth)

// parseIgnore reads a .dbosignore.
func parseIgnore(text string) (*ignoreList, error) {
	list := &ignoreList{}
	for i, line := range strings.Split(strings.ToValidUTF8(text, "\uFFFD"), "\n") {
		line = trimJavaScript(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := list.add(line); err != nil {
			return nil, unsupported(i+1, line, err)
		}
	}
	return list, nil
}

// trimJavaScript trims what String.prototype.trim does, which is not quite
// unicode.IsSpace.
func trimJavaScript(s string) string {
	return strings.Trim(s, "\t\n\v\f\r \u00A0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A\u2028\u2029\u202F\u205F\u3000\uFEFF")
}

func (l *ignoreList) add(line string) error {
	pattern := path.Clean(virtualRoot + "/" + line)
	if strings.HasSuffix(line, "/") {
		pattern += "/**"
	}
	expanded, err := expandBraces(pattern)
	if err != nil {
		return err
	}
	slices.Sort(expanded)
	for _, pattern := range slices.Compact(expanded) {
		p, err := newIgnorePattern(repeatedSlashes.ReplaceAllString(pattern, "/"))
		if err != nil {
			return err
		}
		l.patterns = append(l.patterns, p)
	}
	return nil
}

var repeatedSlashes = regexp.MustCompile(`/{2,}`)

func newIgnorePattern(pattern string) (ignorePattern, error) {
	p := ignorePattern{
		directories: strings.HasSuffix(pattern, "/**") || !isDynamic(path.Base(pattern)),
		above:       rootDepth,
	}
	for strings.HasPrefix(pattern, "/"+rootName) {
		pattern = strings.TrimPrefix(pattern, "/"+rootName)
		p.above--
	}
	if pattern == "" {
		p.literal = "/"
		return p, nil
	}
	if !strings.ContainsAny(pattern, `\?*+@![](){}|"`) {
		p.literal = pattern
		return p, nil
	}
	var err error
	p.program, err = compileGlob(pattern)
	return p, err
}

// The CLI's library looks for signs of magic with these expressions. They
// decide which patterns keep it out of a directory: a last part without magic
// does, even where the pattern as a whole has some.
var dynamic = regexp.MustCompile(`[*?]|^!|\[[^[]*\]|(?:^|[^!*+?@])\([^(]*\|[^|]*\)|[!*+?@]\([^(]*\)|\\`)

func isDynamic(name string) bool {
	if dynamic.MatchString(name) {
		return true
	}
	if _, after, ok := strings.Cut(name, "{"); ok {
		if inner, _, ok := strings.Cut(after, "}"); ok {
			return strings.Contains(inner, ",") || strings.Contains(inner, "..")
		}
	}
	return false
}

// file says whether the list leaves out a file, given by its path relative to
// the root.
func (l *ignoreList) file(relative string) bool {
	return l.matches(relative, false)
}

// directory says whether the list keeps out of a directory.
func (l *ignoreList) directory(relative string) bool {
	return l.matches(relative, true)
}

func (l *ignoreList) matches(relative string, directory bool) bool {
	relative = "/" + relative
	var units []uint16
	for _, p := range l.patterns {
		if directory && !p.directories {
			continue
		}
		if p.program == nil {
			if p.above == 0 && p.literal == relative {
				return true
			}
			continue
		}
		if units == nil {
			units = utf16.Encode([]rune(relative))
		}
		subject := units
		if p.above > 0 {
			subject = append(utf16.Encode([]rune(strings.Repeat("/"+rootName, p.above))), units...)
		}
		if p.program.match(subject) {
			return true
		}
	}
	return false
}
