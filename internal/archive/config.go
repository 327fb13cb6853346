// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package archive

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// Config is the part of a dbos-config.yaml that a deployment needs, with its variables filled in.
type Config struct {
	Name       string
	Language   string // one of node, python, go, java
	AppDBName  string // database.app_db_name, "" when it gives none
	Migrations []string
}

var languages = []string{"node", "python", "go", "java"}

// placeholder is the CLI's own regular expression.
var placeholder = regexp.MustCompile(`\$\{([^}]+)\}`)

// emptyByDefault are variables that need no value, since the service provides the connection to the database.
var emptyByDefault = []string{"PGPASSWORD", "DBOS_DATABASE_URL"}

// readConfig reads the configuration and fills in its variables. file is its name for errors.
func readConfig(root string, o Options) (file, text string, err error) {
	file = cmp.Or(o.ConfigFile, configName)
	at := file
	if !filepath.IsAbs(at) {
		at = filepath.Join(root, at)
	}
	info, err := os.Stat(at)
	if err == nil && !info.Mode().IsRegular() {
		return "", "", fmt.Errorf("%s is not a file", file)
	}
	var content []byte
	if err == nil {
		content, err = os.ReadFile(at)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "", "", fmt.Errorf("the source directory has no %s, which every application needs", file)
	}
	if err != nil {
		return "", "", fmt.Errorf("cannot read %s: %w", file, reason(err))
	}
	if !utf8.Valid(content) {
		return "", "", fmt.Errorf("%s is not UTF-8 text", file)
	}
	text, err = fillIn(file, string(content), o.Variables)
	return file, text, err
}

// fillIn replaces ${NAME} wherever it stands, as the CLI does, but with the given variables instead of the environment.
// An undefined variable is an error here; the CLI only warns and leaves it empty.
func fillIn(file, text string, variables map[string]string) (string, error) {
	var b strings.Builder
	at := 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(text, -1) {
		name := text[m[2]:m[3]]
		value, ok := variables[name]
		if !ok && !slices.Contains(emptyByDefault, name) {
			line := 1 + strings.Count(text[:m[0]], "\n")
			return "", fmt.Errorf("%s:%d: ${%s} is not defined; give it a value in config_variables", file, line, shown(name))
		}
		b.WriteString(text[at:m[0]])
		b.WriteString(value)
		at = m[1]
	}
	return b.String() + text[at:], nil
}

// shown is a name as an error shows it. The text between ${ and } may be long and have line breaks.
func shown(name string) string {
	const most = 60
	if runes := []rune(name); len(runes) > most {
		name = string(runes[:most]) + "…"
	}
	quoted := strconv.Quote(name)
	return quoted[1 : len(quoted)-1]
}

// parseConfig reads the part that a deployment needs. It requires a name and a language. The CLI assumes node without a
// language, but then a missing one would lead to the checks of the wrong language.
func parseConfig(file, text string) (Config, error) {
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		return Config{}, yamlError(file, err)
	}
	if len(document.Content) == 0 {
		return Config{}, fmt.Errorf("%s is empty", file)
	}
	root := document.Content[0]
	if root.Kind != yaml.MappingNode {
		return Config{}, fmt.Errorf("%s:%d: the configuration is not a mapping of names to values", file, root.Line)
	}
	var fields struct {
		Name     yaml.Node `yaml:"name"`
		Language yaml.Node `yaml:"language"`
		Database yaml.Node `yaml:"database"`
	}
	if err := root.Decode(&fields); err != nil {
		return Config{}, yamlError(file, err)
	}
	c := Config{}
	var err error
	if c.Name, err = textField(file, "name", &fields.Name); err != nil {
		return Config{}, err
	}
	if c.Language, err = textField(file, "language", &fields.Language); err != nil {
		return Config{}, err
	}
	for _, field := range []struct{ name, value string }{{"name", c.Name}, {"language", c.Language}} {
		if field.value == "" {
			return Config{}, fmt.Errorf("%s:%d: the configuration has no %s", file, root.Line, field.name)
		}
	}
	if !slices.Contains(languages, c.Language) {
		return Config{}, fmt.Errorf("%s:%d: the language must be one of %s", file, fields.Language.Line, strings.Join(languages, ", "))
	}
	return c, c.readDatabase(file, &fields.Database)
}

func (c *Config) readDatabase(file string, n *yaml.Node) error {
	if isNull(n) {
		return nil
	}
	if resolved := resolve(n); resolved.Kind != yaml.MappingNode {
		return fmt.Errorf("%s:%d: `database` is not a mapping of names to values", file, n.Line)
	}
	var fields struct {
		AppDBName yaml.Node `yaml:"app_db_name"`
		Migrate   yaml.Node `yaml:"migrate"`
	}
	if err := n.Decode(&fields); err != nil {
		return yamlError(file, err)
	}
	var err error
	if c.AppDBName, err = textField(file, "app_db_name", &fields.AppDBName); err != nil {
		return err
	}
	migrate := resolve(&fields.Migrate)
	if isNull(migrate) {
		return nil
	}
	if migrate.Kind != yaml.SequenceNode {
		return fmt.Errorf("%s:%d: `migrate` is not a list of commands", file, fields.Migrate.Line)
	}
	for _, command := range migrate.Content {
		text, err := textField(file, "migrate", command)
		if err != nil {
			return err
		}
		c.Migrations = append(c.Migrations, text)
	}
	return nil
}

// textField is the text of a single value, or "" if there is none.
func textField(file, name string, n *yaml.Node) (string, error) {
	value := resolve(n)
	if isNull(value) {
		return "", nil
	}
	if value.Kind != yaml.ScalarNode {
		return "", fmt.Errorf("%s:%d: `%s` is not a text", file, n.Line, name)
	}
	return value.Value, nil
}

func resolve(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode && n.Alias != nil {
		n = n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool {
	return n.IsZero() || n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

// yamlError writes an error of the parser as this package writes its own.
func yamlError(file string, err error) error {
	var load *yaml.LoadError
	if errors.As(err, &load) && load.Mark.Line > 0 {
		return fmt.Errorf("%s:%d: not valid YAML: %s", file, load.Mark.Line, load.Message)
	}
	return fmt.Errorf("%s is not valid YAML: %w", file, err)
}
