// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package login

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/wiretest"
)

const (
	again    = "; run dbos-cloud login to write it again"
	notCLI   = "credentials file PATH is not a JSON object with the strings token, refreshToken and organization, as the CLI writes it" + again
	noTokens = "credentials file PATH has neither a token nor a refreshToken" + again
)

func TestLoadLogin(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, content string
		want          Login
		err           string
	}{
		{
			name:    "all fields",
			content: `{"token":"zqxj.t","refreshToken":"zqxj.r","userName":"ada","organization":"acme"}`,
			want:    Login{Token: "zqxj.t", RefreshToken: "zqxj.r", Organization: "acme"},
		},
		{
			name:    "line ends and blanks",
			content: `{"token":" zqxj.t\r\n","refreshToken":"\tzqxj.r\n","userName":"ada","organization":"acme\r\n"}` + "\n",
			want:    Login{Token: "zqxj.t", RefreshToken: "zqxj.r", Organization: "acme"},
		},
		{name: "token only", content: `{"token":"zqxj.t","userName":"ada","organization":""}`, want: Login{Token: "zqxj.t"}},
		{name: "refresh token only", content: `{"token":"","refreshToken":"zqxj.r"}`, want: Login{RefreshToken: "zqxj.r"}},
		{name: "blank refresh token", content: `{"token":"zqxj.t","refreshToken":" \n"}`, want: Login{Token: "zqxj.t"}},
		{name: "null refresh token", content: `{"token":"zqxj.t","refreshToken":null}`, want: Login{Token: "zqxj.t"}},
		{name: "empty file", content: "", err: "credentials file PATH is empty" + again},
		{name: "blank file", content: " \r\n", err: "credentials file PATH is empty" + again},
		{name: "the token alone", content: "zqxj.jwvk", err: notCLI},
		{name: "cut off", content: `{"token":"zqxj.jwvk`, err: notCLI},
		{name: "trailing bytes", content: `{"token":"zqxj.jwvk"} zqxj`, err: notCLI},
		{name: "array", content: `["zqxj"]`, err: notCLI},
		{name: "number as a token", content: `{"token":12345}`, err: notCLI},
		{name: "no fields", content: `{"user":"zqxj"}`, err: noTokens},
		{name: "blank fields", content: `{"token":" ","refreshToken":"\r\n","organization":"acme"}`, err: noTokens},
		{name: "null", content: "null", err: noTokens},
		{
			name:    "white space inside",
			content: `{"token":"zq xj","organization":"acme"}`,
			err:     `credentials file PATH, field token: the token has white space inside it, at position 3; give it in one piece, without line breaks and without a leading "Bearer"`,
		},
		{
			name:    "white space inside the refresh token",
			content: `{"token":"zqxj","refreshToken":"z\nqxj"}`,
			err:     `credentials file PATH, field refreshToken: the token has white space inside it, at position 2; give it in one piece, without line breaks and without a leading "Bearer"`,
		},
		{name: "too large", content: `{"token":"zqxj` + strings.Repeat("x", 1<<20) + `"}`, err: "credentials file PATH is larger than 1 MiB, so the CLI did not write it"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "credentials")
			if err := os.WriteFile(path, []byte(test.content), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := Load(path)
			if wiretest.Message(err) != strings.ReplaceAll(test.err, "PATH", path) {
				t.Errorf("error:\n got %v\nwant %s", err, test.err)
			}
			if got != test.want {
				t.Errorf("login %+v, want %+v", got, test.want)
			}
			if strings.Contains(wiretest.Message(err), "zq") || strings.Contains(wiretest.Message(err), "12345") {
				t.Errorf("the error holds content: %v", err)
			}
		})
	}
}

func TestLoadLoginUnreadable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	missing := filepath.Join(dir, "missing")
	if _, err := Load(missing); !errors.Is(err, fs.ErrNotExist) || wiretest.Message(err) != "credentials file "+missing+" does not exist: file does not exist" {
		t.Errorf("missing file: %v", err)
	}
	if _, err := Load(dir); wiretest.Message(err) != "credentials file "+dir+" is a directory; the CLI's file in it is called credentials" {
		t.Errorf("directory: %v", err)
	}
	if _, err := Load(""); wiretest.Message(err) != "the path of the credentials file is empty" {
		t.Errorf("empty path: %v", err)
	}

	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte(`{"token":"zqxj"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS == "windows" {
		return // It says of what is below a file that it does not exist, and knows no mode.
	}
	below := filepath.Join(file, "credentials")
	if _, err := Load(below); wiretest.Message(err) != "credentials file "+below+" cannot be read: not a directory" {
		t.Errorf("below a file: %v", err)
	}
	if os.Geteuid() == 0 {
		return // Root reads whatever its mode.
	}
	if err := os.Chmod(file, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(file); wiretest.Message(err) != "credentials file "+file+" cannot be read: permission denied" {
		t.Errorf("unreadable file: %v", err)
	}
}

func TestCheckToken(t *testing.T) {
	t.Parallel()
	const once = `give it in one piece, without line breaks and without a leading "Bearer"`
	for token, want := range map[string]string{
		"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln": "",
		"!~":          "",
		"":            "the token is empty",
		"zqxj wvk":    "the token has white space inside it, at position 5; " + once,
		"zqxj\r\nwvk": "the token has white space inside it, at position 5; " + once,
		"zq\x00xj":    "the token has a character that is not printable ASCII inside it, at position 3; " + once,
		"zq\x7f":      "the token has a character that is not printable ASCII inside it, at position 3; " + once,
		"zqé":         "the token has a character that is not printable ASCII inside it, at position 3; " + once,
	} {
		wiretest.ExpectMessage(t, CheckToken(token), want)
	}
}
