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

// A name rule is wide where it says what exists and can be referred to, and
// strict where it says what may be made.
type nameRule struct {
	noun     string
	min, max int
	hyphen   bool
	letter   bool // the first character is a letter
	reserved []string
	why      string // why the reserved ones are
}

var (
	instanceRule       = nameRule{noun: "instance name", min: 3, max: 30, hyphen: true}
	newInstanceRule    = nameRule{noun: "instance name", min: 3, max: 16}
	usernameRule       = nameRule{noun: "username", min: 1, max: 63, hyphen: true}
	newUsernameRule    = nameRule{noun: "username", min: 3, max: 16, letter: true, reserved: []string{"admin", "dbos", "dbosadmin", "postgres"}, why: "the service's own roles are called admin, dbos, dbosadmin and postgres"}
	applicationRule    = nameRule{noun: "application name", min: 3, max: 256, hyphen: true}
	newApplicationRule = nameRule{noun: "application name", min: 3, max: 30, hyphen: true, reserved: []string{"secrets"}, why: "its path would be that of the secrets"}
)

// CheckInstanceName tells whether an existing instance can be called so.
func CheckInstanceName(name string) error { return instanceRule.check(name) }

// CheckNewInstanceName tells whether an instance may be created as name.
func CheckNewInstanceName(name string) error { return newInstanceRule.check(name) }

// CheckUsername tells whether an existing role can be called so.
func CheckUsername(name string) error { return usernameRule.check(name) }

// CheckNewUsername tells whether an instance may be created with that role.
func CheckNewUsername(name string) error { return newUsernameRule.check(name) }

// CheckApplicationName tells whether an existing application can be called so.
func CheckApplicationName(name string) error { return applicationRule.check(name) }

// CheckNewApplicationName tells whether an application may be registered as
// name.
func CheckNewApplicationName(name string) error { return newApplicationRule.check(name) }

func (r nameRule) check(name string) error {
	if name == "" {
		return fmt.Errorf("%s is empty; %s", r.noun, r.use())
	}
	for i, c := range []rune(name) {
		switch {
		case !r.allows(c):
			return fmt.Errorf("%s %s: %q at position %d is not allowed; %s", r.noun, quoted(name), c, i+1, r.use())
		case i == 0 && r.letter && (c < 'a' || c > 'z'):
			return fmt.Errorf("%s %s: %q at position 1 is not a letter; %s", r.noun, quoted(name), c, r.use())
		}
	}
	if n := utf8.RuneCountInString(name); n < r.min || n > r.max {
		return fmt.Errorf("%s %s has %s; %s", r.noun, quoted(name), characters(n), r.use())
	}
	if slices.Contains(r.reserved, name) {
		return fmt.Errorf("%s %q is reserved: %s; choose another", r.noun, name, r.why)
	}
	return nil
}

func (r nameRule) allows(c rune) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '_' || c == '-' && r.hyphen
}

func (r nameRule) use() string {
	of := "a-z, 0-9 and _"
	if r.hyphen {
		of = "a-z, 0-9, _ and -"
	}
	if r.letter {
		of += ", first a letter"
	}
	return fmt.Sprintf("use %d to %d of %s", r.min, r.max, of)
}

// passwordRule ends with what helps most people who meet it: by default
// random_password draws from characters that the service refuses.
const passwordRule = "use 8 to 128 characters of printable ASCII without a slash, a backslash, a quotation mark, an apostrophe, an at sign or white space; " +
	`from random_password? set override_special = "!#$%&*()-_=+[]{}<>:?"`

// CheckPassword tells whether the service takes the password. Its error names
// the class of the first wrong character and the position of that, never the
// character and never the password.
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

// CheckSecretName tells whether an application's secret may be called so.
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

// CheckPort tells whether port is a TCP port.
func CheckPort(port int64) error { return checkRange("port", port, 1, 65535, "") }

// CheckMemory tells whether an executor may have that many MiB.
func CheckMemory(mib int64) error { return checkRange("executor memory", mib, 512, 5120, " MiB") }

func checkRange(noun string, value, low, high int64, unit string) error {
	if value < low || value > high {
		return fmt.Errorf("%s %d%s is out of range; use %d to %d%s", noun, value, unit, low, high, unit)
	}
	return nil
}

// CheckLanguage tells whether the service runs applications in language.
func CheckLanguage(language string) error {
	if slices.Contains([]string{"node", "python", "go", "java"}, language) {
		return nil
	}
	return fmt.Errorf("language %s is not one of the service's; use node, python, go or java", quoted(language))
}

func characters(n int) string {
	if n == 1 {
		return "1 character"
	}
	return strconv.Itoa(n) + " characters"
}

// quoted is a name for a message; of a very long one its beginning.
func quoted(name string) string {
	const most = 60
	if runes := []rune(name); len(runes) > most {
		name = string(runes[:most]) + "…"
	}
	return strconv.Quote(name)
}
