// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"strings"
	"testing"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/wiretest"
)

type ruleTest struct {
	value string
	want  string // the whole message, or "" where the value is fine
}

func testRule(t *testing.T, name string, check func(string) error, tests []ruleTest) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		for _, test := range tests {
			wiretest.ExpectMessage(t, check(test.value), test.want)
		}
	})
}

func TestNameRules(t *testing.T) {
	t.Parallel()
	testRule(t, "new instance", CheckNewInstanceName, []ruleTest{
		{"abc", ""},
		{"my_db_0123456789", ""},
		{"123", ""},
		{"", `instance name is empty; use 3 to 16 characters of a-z, 0-9 and _`},
		{"ab", `instance name "ab" has 2 characters; use 3 to 16 characters of a-z, 0-9 and _`},
		{"a", `instance name "a" has 1 character; use 3 to 16 characters of a-z, 0-9 and _`},
		{"my_db_01234567890", `instance name "my_db_01234567890" has 17 characters; use 3 to 16 characters of a-z, 0-9 and _`},
		{"My-Db", `instance name "My-Db": 'M' at position 1 is not allowed; use 3 to 16 characters of a-z, 0-9 and _`},
		{"my-db", `instance name "my-db": '-' at position 3 is not allowed; use 3 to 16 characters of a-z, 0-9 and _`},
		{"db\n", `instance name "db\n": '\n' at position 3 is not allowed; use 3 to 16 characters of a-z, 0-9 and _`},
		{"dbé1", `instance name "dbé1": 'é' at position 3 is not allowed; use 3 to 16 characters of a-z, 0-9 and _`},
		{"a/../b", `instance name "a/../b": '/' at position 2 is not allowed; use 3 to 16 characters of a-z, 0-9 and _`},
	})
	testRule(t, "instance", CheckInstanceName, []ruleTest{
		{"my-old-db", ""},
		{strings.Repeat("a", 30), ""},
		{"Core-A", `instance name "Core-A": 'C' at position 1 is not allowed; use 3 to 16 characters of a-z, 0-9 and _ for a new one; an existing one has 3 to 30 characters of a-z, 0-9, _ and -`},
		{"", `instance name is empty; use 3 to 16 characters of a-z, 0-9 and _ for a new one; an existing one has 3 to 30 characters of a-z, 0-9, _ and -`},
		{"ab", `instance name "ab" has 2 characters; use 3 to 16 characters of a-z, 0-9 and _ for a new one; an existing one has 3 to 30 characters of a-z, 0-9, _ and -`},
		{strings.Repeat("a", 31), `instance name "` + strings.Repeat("a", 31) + `" has 31 characters; use 3 to 16 characters of a-z, 0-9 and _ for a new one; an existing one has 3 to 30 characters of a-z, 0-9, _ and -`},
		{"my.db", `instance name "my.db": '.' at position 3 is not allowed; use 3 to 16 characters of a-z, 0-9 and _ for a new one; an existing one has 3 to 30 characters of a-z, 0-9, _ and -`},
	})
	testRule(t, "link", CheckLinkName, []ruleTest{
		{"tiger-1024", ""},
		{strings.Repeat("a", 30), ""},
		{"Core-A", `instance name "Core-A": 'C' at position 1 is not allowed; use 3 to 30 characters of a-z, 0-9, _ and -`},
		{strings.Repeat("a", 31), `instance name "` + strings.Repeat("a", 31) + `" has 31 characters; use 3 to 30 characters of a-z, 0-9, _ and -`},
	})
	testRule(t, "new username", CheckNewUsername, []ruleTest{
		{"dbos_user", ""},
		{"admin2", ""},
		{"1user", `username "1user": '1' at position 1 is not a letter; use 3 to 16 characters of a-z, 0-9 and _ with a letter first`},
		{"_user", `username "_user": '_' at position 1 is not a letter; use 3 to 16 characters of a-z, 0-9 and _ with a letter first`},
		{"us-er", `username "us-er": '-' at position 3 is not allowed; use 3 to 16 characters of a-z, 0-9 and _ with a letter first`},
		{"ab", `username "ab" has 2 characters; use 3 to 16 characters of a-z, 0-9 and _ with a letter first`},
		{"dbosadmin", `username "dbosadmin" is reserved: the service's own roles are called admin, dbos, dbosadmin and postgres; choose another`},
		{"dbos", `username "dbos" is reserved: the service's own roles are called admin, dbos, dbosadmin and postgres; choose another`},
		{"postgres", `username "postgres" is reserved: the service's own roles are called admin, dbos, dbosadmin and postgres; choose another`},
		{"admin", `username "admin" is reserved: the service's own roles are called admin, dbos, dbosadmin and postgres; choose another`},
	})
	testRule(t, "username", CheckUsername, []ruleTest{
		{"x", ""},
		{"dbosadmin", ""},
		{"1-_", ""},
		{strings.Repeat("u", 63), ""},
		{"", `username is empty; use 3 to 16 characters of a-z, 0-9 and _ with a letter first for a new one; an existing one has 1 to 63 characters of a-z, 0-9, _ and -`},
		{strings.Repeat("u", 64), `username "` + strings.Repeat("u", 60) + `…" has 64 characters; use 3 to 16 characters of a-z, 0-9 and _ with a letter first for a new one; an existing one has 1 to 63 characters of a-z, 0-9, _ and -`},
	})
	testRule(t, "role", CheckRoleName, []ruleTest{
		{"dbosadmin", ""},
		{"Boss", `username "Boss": 'B' at position 1 is not allowed; use 1 to 63 characters of a-z, 0-9, _ and -`},
	})
	testRule(t, "new application", CheckNewApplicationName, []ruleTest{
		{"my-app_1", ""},
		{strings.Repeat("a", 30), ""},
		{strings.Repeat("a", 31), `application name "` + strings.Repeat("a", 31) + `" has 31 characters; use 3 to 30 characters of a-z, 0-9, _ and -`},
		{"App", `application name "App": 'A' at position 1 is not allowed; use 3 to 30 characters of a-z, 0-9, _ and -`},
		{"secrets", `application name "secrets" is reserved: the API uses this name in the path of secrets; choose another`},
	})
	testRule(t, "application", CheckApplicationName, []ruleTest{
		{"secrets", ""},
		{strings.Repeat("a", 256), ""},
		{strings.Repeat("a", 257), `application name "` + strings.Repeat("a", 60) + `…" has 257 characters; use 3 to 30 characters of a-z, 0-9, _ and - for a new one; an existing one has 3 to 256 characters of a-z, 0-9, _ and -`},
	})
}

func TestPasswordRule(t *testing.T) {
	t.Parallel()
	const use = "use 8 to 128 characters of printable ASCII without a slash, a backslash, a quotation mark, an apostrophe, an at sign or white space; " +
		`for random_password, set override_special = "!#$%&*()-_=+[]{}<>:?"`
	testRule(t, "password", CheckPassword, []ruleTest{
		{"8letters", ""},
		{strings.Repeat("p", 128), ""},
		{"!#$%&*()-_=+[]{}<>:?", ""},
		{"~`^|;,.aA0", ""},
		{"", "the password has 0 characters; " + use},
		{"7letter", "the password has 7 characters; " + use},
		{strings.Repeat("p", 129), "the password has 129 characters; " + use},
		{"zqxj/wvk", "the password has a slash at position 5; " + use},
		{`zqxjw\vk`, "the password has a backslash at position 6; " + use},
		{`"zqxjwvk`, "the password has a quotation mark at position 1; " + use},
		{"zqxjwvk'", "the password has an apostrophe at position 8; " + use},
		{"zqx@jwvk", "the password has an at sign at position 4; " + use},
		{"zqx jwvk", "the password has white space at position 4; " + use},
		{"zqxjwvk\n", "the password has white space at position 8; " + use},
		{"zqx\u00a0jwvk", "the password has white space at position 4; " + use},
		{"zqxjéwvk", "the password has a character that is not printable ASCII at position 5; " + use},
		{"ééé\x00jwvk", "the password has a character that is not printable ASCII at position 1; " + use},
		{"zqx\x7fjwvk", "the password has a character that is not printable ASCII at position 4; " + use},
		{"zqxj\xffwvk", "the password has a character that is not printable ASCII at position 5; " + use},
		{"a/b", "the password has a slash at position 2; " + use},
	})
}

func TestSecretNameRule(t *testing.T) {
	t.Parallel()
	const use = "use the name of an environment variable: a letter or _, then letters, digits and _"
	const reserved = "is reserved: the service sets DBOS_DATABASE_URL and DBOS_APP_HOSTNAME itself; choose another"
	testRule(t, "secret name", CheckSecretName, []ruleTest{
		{"STRIPE_KEY", ""},
		{"_x1", ""},
		{"x", ""},
		{"", "secret name is empty; " + use},
		{"1X", `secret name "1X": '1' at position 1 is not allowed; ` + use},
		{"MY-KEY", `secret name "MY-KEY": '-' at position 3 is not allowed; ` + use},
		{"a=b", `secret name "a=b": '=' at position 2 is not allowed; ` + use},
		{"ключ", `secret name "ключ": 'к' at position 1 is not allowed; ` + use},
		{"DBOS_DATABASE_URL", `secret name "DBOS_DATABASE_URL" ` + reserved},
		{"DBOS_APP_HOSTNAME", `secret name "DBOS_APP_HOSTNAME" ` + reserved},
	})
}

func TestLanguageRule(t *testing.T) {
	t.Parallel()
	const use = "is not supported; use node, python, go or java"
	testRule(t, "language", CheckLanguage, []ruleTest{
		{"node", ""},
		{"python", ""},
		{"go", ""},
		{"java", ""},
		{"Node", `language "Node" ` + use},
		{"", `language "" ` + use},
	})
}

func TestNumberRules(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		check func(int64) error
		value int64
		want  string
	}{
		{CheckPort, 1, ""},
		{CheckPort, 65535, ""},
		{CheckPort, 0, "port 0 is out of range; use 1 to 65535"},
		{CheckPort, 65536, "port 65536 is out of range; use 1 to 65535"},
		{CheckPort, -1, "port -1 is out of range; use 1 to 65535"},
		{CheckMemory, 512, ""},
		{CheckMemory, 5120, ""},
		{CheckMemory, 511, "executor memory 511 MiB is out of range; use 512 to 5120 MiB"},
		{CheckMemory, 5121, "executor memory 5121 MiB is out of range; use 512 to 5120 MiB"},
	} {
		wiretest.ExpectMessage(t, test.check(test.value), test.want)
	}
}
