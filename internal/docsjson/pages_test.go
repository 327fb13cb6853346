// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"go.yaml.in/yaml/v4"

	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

// block is a fenced block of a page.
type block struct {
	page, language, text string
	line                 int // of the fence that opens it
}

var fence = regexp.MustCompile("^( *)```(.*)$")

// blocks finds the fenced blocks of a page.
func blocks(page, text string) []block {
	var all []block
	var open *block
	var indent string
	for i, line := range strings.Split(text, "\n") {
		mark := fence.FindStringSubmatch(line)
		switch {
		case mark != nil && open == nil:
			indent, open = mark[1], &block{page: page, language: mark[2], line: i + 1}
		case mark != nil:
			all, open = append(all, *open), nil
		case open != nil:
			open.text += strings.TrimPrefix(line, indent) + "\n"
		}
	}
	if open != nil {
		all = append(all, block{page: page, language: "open to the end", line: open.line})
	}
	return all
}

// pages reads all pages for users, by their paths.
func pages(t *testing.T) map[string]string {
	t.Helper()
	root, err := workspace.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	paths := []string{"README.md", "CONTRIBUTING.md", "SECURITY.md"}
	for _, dir := range []string{"docs", "examples"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, entry os.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && filepath.Ext(path) == ".md" {
				path, err = filepath.Rel(root, path)
				paths = append(paths, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	all := map[string]string{}
	for _, path := range paths {
		content, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		all[path] = string(content)
	}
	return all
}

// TestBlocksOfAllPages checks each fenced block by its language. It checks Terraform against the provider's schema and
// rules too, so that no page shows an attribute that does not exist.
func TestBlocksOfAllPages(t *testing.T) {
	t.Parallel()
	v := newValidator(t)
	counts := map[string]int{}
	for page, text := range pages(t) {
		for _, b := range blocks(page, text) {
			counts[b.language]++
			for _, problem := range b.problems(t, v) {
				t.Errorf("%s:%d: %s", b.page, b.line, problem)
			}
		}
	}
	if counts["terraform"] < 60 || counts["shell"] < 25 {
		t.Errorf("there are fewer blocks than there were, so that this test may not see them: %v", counts)
	}
}

// problems lists the mistakes in the block.
func (b block) problems(t *testing.T, v *validator) []string {
	t.Helper()
	switch b.language {
	case "terraform":
		return v.problems(b)
	case "shell":
		cmd := exec.CommandContext(t.Context(), "bash", "-n")
		cmd.Stdin = strings.NewReader(b.text)
		if output, err := cmd.CombinedOutput(); err != nil {
			return []string{string(output)}
		}
	case "json":
		if !json.Valid([]byte(b.text)) {
			return []string{"this is no JSON"}
		}
	case "yaml":
		var value any
		if err := yaml.Unmarshal([]byte(b.text), &value); err != nil {
			return []string{err.Error()}
		}
	case "hcl": // A file of tests or mocks, whose blocks are not those of a configuration.
		if _, diags := hclsyntax.ParseConfig([]byte(b.text), b.page, hcl.InitialPos); diags.HasErrors() {
			return []string{diags.Error()}
		}
	case "text", "mermaid":
	case "":
		return []string{"the block names no language"}
	default:
		return []string{"the block has an unknown language: " + b.language}
	}
	return nil
}

var subcategory = regexp.MustCompile(`(?m)^subcategory: "[^"]+"$`)

// TestEveryPageHasASubcategory checks all pages but the index. The registry groups pages by it.
func TestEveryPageHasASubcategory(t *testing.T) {
	t.Parallel()
	for page, text := range pages(t) {
		if strings.HasPrefix(page, "docs/") && page != "docs/index.md" && !subcategory.MatchString(text) {
			t.Errorf("%s has no subcategory", page)
		}
	}
}

var pageLink = regexp.MustCompile(`\]\(([^)#:]+\.md)(#[^)]*)?\)`)

// TestLinksBetweenPages finds links that lead nowhere.
func TestLinksBetweenPages(t *testing.T) {
	t.Parallel()
	all := pages(t)
	for page, text := range all {
		for _, link := range pageLink.FindAllStringSubmatch(text, -1) {
			target := filepath.Join(filepath.Dir(page), link[1])
			if _, ok := all[target]; !ok && target != "CHANGELOG.md" {
				t.Errorf("%s has a link to %s, which is no page", page, link[1])
			}
		}
	}
}

// TestIndexNamesEveryPage checks that a reader of the index learns of every page.
func TestIndexNamesEveryPage(t *testing.T) {
	t.Parallel()
	all := pages(t)
	for page := range all {
		dir, name := filepath.Split(strings.TrimPrefix(page, "docs/"))
		object := slices.Contains([]string{"resources/", "data-sources/", "ephemeral-resources/", "functions/", "actions/"}, dir)
		if object && !strings.Contains(all["docs/index.md"], "("+dir+name+")") {
			t.Errorf("docs/index.md does not name %s%s", dir, name)
		}
	}
}

// TestMeasuredTable checks that the page about scaling has the same table as the README, which the benchmark writes.
func TestMeasuredTable(t *testing.T) {
	t.Parallel()
	all := pages(t)
	rows := 0
	for line := range strings.SplitSeq(all["docs/guides/scaling.md"], "\n") {
		if strings.HasPrefix(line, "| ") && strings.Count(line, "|") == 4 {
			rows++
			if !strings.Contains(all["README.md"], line+"\n") {
				t.Errorf("the README has no row %s", line)
			}
		}
	}
	if rows < 8 {
		t.Errorf("the page has %d rows, want 8 or more", rows)
	}
}

var (
	messageRow = regexp.MustCompile(`(?m)^\| (.+?) \| .+ \|$`)
	codeSpan   = regexp.MustCompile("`([^`]+)`")
	// The code puts these words together with the ones that follow.
	composed = regexp.MustCompile(`^(Invalid|Cannot create|Cannot read|Cannot|is protected from being|The password of|The value of secret)( |$)`)
)

// notOurs are messages of Terraform, Go or the service.
var notOurs = []string{"no such host", "certificate signed by unknown authority", "application is busy", "app_db_name"}

// TestMessagesOfThePages finds messages on the pages that the code no longer gives. A message has "…" for a name.
func TestMessagesOfThePages(t *testing.T) {
	t.Parallel()
	code := sources(t)
	found := 0
	for page, text := range pages(t) {
		table := section(text, "What can go wrong") + section(text, "What it refuses")
		switch {
		case page == "docs/guides/troubleshooting.md":
			table = text
		case strings.HasPrefix(page, "docs/guides/"):
			continue
		}
		for _, row := range messageRow.FindAllStringSubmatch(table, -1) {
			for _, span := range codeSpan.FindAllStringSubmatch(row[1], -1) {
				if slices.Contains(notOurs, span[1]) {
					continue
				}
				for part := range strings.SplitSeq(span[1], "…") {
					found++
					part = composed.ReplaceAllString(strings.TrimSpace(part), "")
					if !strings.Contains(code, part) {
						t.Errorf("%s: no message says %q", page, part)
					}
				}
			}
		}
	}
	if found < 200 {
		t.Errorf("the pages have %d messages, want 200 or more", found)
	}
}

// sources is the text of all code that makes messages.
func sources(t *testing.T) string {
	t.Helper()
	root, err := workspace.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, dir := range []string{"provider", "cloud", "archive", "connection", "dotenv"} {
		err := filepath.WalkDir(filepath.Join(root, "internal", dir), func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			content, err := os.ReadFile(path)
			all.Write(content)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}
