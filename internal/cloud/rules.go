// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// nameRule is a rule for names. A wide rule covers names of existing objects. A strict rule covers names of new ones.
type nameRule struct {
	noun     string
	min, max int
	hyphen   bool
	letter   bool // the first character is a letter
	reserved []string
	why      string    // why the reserved names are reserved
	strict   *nameRule // the rule for new objects; the message of a wide rule states it first
}

var (
	newInstanceRule    = nameRule{noun: "instance name", min: 3, max: 16}
	instanceRule       = nameRule{noun: "instance name", min: 3, max: 30, hyphen: true, strict: &newInstanceRule}
	linkRule           = nameRule{noun: "instance name", min: 3, max: 30, hyphen: true}
	newUsernameRule    = nameRule{noun: "username", min: 3, max: 16, letter: true, reserved: []string{"admin", "dbos", "dbosadmin", "postgres"}, why: "the service's own roles are called admin, dbos, dbosadmin and postgres"}
	usernameRule       = nameRule{noun: "username", min: 1, max: 63, hyphen: true, strict: &newUsernameRule}
	roleRule           = nameRule{noun: "username", min: 1, max: 63, hyphen: true}
	newApplicationRule = nameRule{noun: "application name", min: 3, max: 30, hyphen: true, reserved: []string{"secrets"}, why: "the API uses this name in the path of secrets"}
	applicationRule    = nameRule{noun: "application name", min: 3, max: 256, hyphen: true, strict: &newApplicationRule}
)

// CheckInstanceName reports an error unless an existing instance can have the name.
func CheckInstanceName(name string) error { return instanceRule.check(name) }

// CheckNewInstanceName reports an error unless an instance can be created with the name.
func CheckNewInstanceName(name string) error { return newInstanceRule.check(name) }

// CheckLinkName reports an error unless a database can be linked under the name. The service takes more names for links
// than for new instances.
func CheckLinkName(name string) error { return linkRule.check(name) }

// CheckUsername reports an error unless the role of an existing instance can have the name.
func CheckUsername(name string) error { return usernameRule.check(name) }

// CheckNewUsername reports an error unless an instance can be created with a role of that name.
func CheckNewUsername(name string) error { return newUsernameRule.check(name) }

// CheckRoleName reports an error unless the service can log in to a linked database as the role.
func CheckRoleName(name string) error { return roleRule.check(name) }

// CheckApplicationName reports an error unless an existing application can have the name.
func CheckApplicationName(name string) error { return applicationRule.check(name) }

// CheckNewApplicationName reports an error unless an application can be registered under the name.
func CheckNewApplicationName(name string) error { return newApplicationRule.check(name) }

func (r nameRule) check(name string) error {
	if name == "" {
		return fmt.Errorf("%s is empty; %s", r.noun, r.advice())
	}
	for i, c := range []rune(name) {
		switch {
		case !r.allows(c):
			return fmt.Errorf("%s %s: %q at position %d is not allowed; %s", r.noun, quoted(name), c, i+1, r.advice())
		case i == 0 && r.letter && (c < 'a' || c > 'z'):
			return fmt.Errorf("%s %s: %q at position 1 is not a letter; %s", r.noun, quoted(name), c, r.advice())
		}
	}
	if n := utf8.RuneCountInString(name); n < r.min || n > r.max {
		return fmt.Errorf("%s %s has %s; %s", r.noun, quoted(name), characters(n), r.advice())
	}
	if slices.Contains(r.reserved, name) {
		return fmt.Errorf("%s %q is reserved: %s; choose another", r.noun, name, r.why)
	}
	return nil
}

func (r nameRule) allows(c rune) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '_' || c == '-' && r.hyphen
}

func (r nameRule) advice() string {
	if r.strict == nil {
		return "use " + r.allowed()
	}
	return fmt.Sprintf("use %s for a new one; an existing one has %s", r.strict.allowed(), r.allowed())
}

// allowed returns the rule in words.
func (r nameRule) allowed() string {
	of := "a-z, 0-9 and _"
	if r.hyphen {
		of = "a-z, 0-9, _ and -"
	}
	if r.letter {
		of += " with a letter first"
	}
	return fmt.Sprintf("%d to %d characters of %s", r.min, r.max, of)
}

// passwordRule ends with the advice that most people need: by default, random_password uses characters that the service
// refuses.
const passwordRule = "use 8 to 128 characters of printable ASCII without a slash, a backslash, a quotation mark, an apostrophe, an at sign or white space; " +
	`for random_password, set override_special = "!#$%&*()-_=+[]{}<>:?"`

// CheckPassword reports an error unless the service takes the password. The error names the class and the position of
// the first wrong character, never the character and never the password.
func CheckPassword(password string) error {
	for i, c := range []rune(password) {
		if class := wrongInPassword(c); class != "" {
			return fmt.Errorf("the password has %s at position %d; %s", class, i+1, passwordRule)
		}
	}
	if n := len(password); n < 8 || n > 128 {
		return fmt.Errorf("the password has %s; %s", characters(n), passwordRule)
	}
	return nil
}

func wrongInPassword(c rune) string {
	switch {
	case unicode.IsSpace(c):
		return "white space"
	case c == '/':
		return "a slash"
	case c == '\\':
		return "a backslash"
	case c == '"':
		return "a quotation mark"
	case c == '\'':
		return "an apostrophe"
	case c == '@':
		return "an at sign"
	case c < ' ' || c > '~':
		return "a character that is not printable ASCII"
	}
	return ""
}

const secretRule = "use the name of an environment variable: a letter or _, then letters, digits and _"

// CheckSecretName reports an error unless a secret of an application can have the name.
func CheckSecretName(name string) error {
	if name == "" {
		return errors.New("secret name is empty; " + secretRule)
	}
	for i, c := range []rune(name) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
		digit := '0' <= c && c <= '9'
		if !letter && (!digit || i == 0) {
			return fmt.Errorf("secret name %s: %q at position %d is not allowed; %s", quoted(name), c, i+1, secretRule)
		}
	}
	if name == "DBOS_DATABASE_URL" || name == "DBOS_APP_HOSTNAME" {
		return fmt.Errorf("secret name %q is reserved: the service sets DBOS_DATABASE_URL and DBOS_APP_HOSTNAME itself; choose another", name)
	}
	return nil
}

// CheckPort reports an error unless port is a TCP port.
func CheckPort(port int64) error { return checkRange("port", port, 1, 65535, "") }

// CheckMemory reports an error unless an executor can have that many MiB.
func CheckMemory(mib int64) error { return checkRange("executor memory", mib, 512, 5120, " MiB") }

func checkRange(noun string, value, low, high int64, unit string) error {
	if value < low || value > high {
		return fmt.Errorf("%s %d%s is out of range; use %d to %d%s", noun, value, unit, low, high, unit)
	}
	return nil
}

// CheckLanguage reports an error unless the service runs applications in the language.
func CheckLanguage(language string) error {
	if slices.Contains([]string{"node", "python", "go", "java"}, language) {
		return nil
	}
	return fmt.Errorf("language %s is not supported; use node, python, go or java", quoted(language))
}

func characters(n int) string {
	if n == 1 {
		return "1 character"
	}
	return strconv.Itoa(n) + " characters"
}

// quoted quotes a name for a message, and cuts a very long one.
func quoted(name string) string {
	const most = 60
	if runes := []rune(name); len(runes) > most {
		name = string(runes[:most]) + "…"
	}
	return strconv.Quote(name)
}
