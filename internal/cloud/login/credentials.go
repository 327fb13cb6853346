// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package login

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"unicode"
)

// Login identifies a client: a token, a refresh token that is exchanged for tokens, or both, of one account.
// Organization is the one that the source of the login names, if any.
type Login struct {
	Token        string
	RefreshToken string
	Organization string
}

// maxLoginFile limits the size of the file. The CLI writes far smaller ones.
const maxLoginFile = 1 << 20

// Load reads the credentials file that the CLI writes at its login. If the file does not exist, the error wraps
// [fs.ErrNotExist]. No error holds any of the content.
func Load(path string) (Login, error) {
	content, err := readLoginFile(path)
	if err != nil {
		return Login{}, err
	}
	var file struct {
		Token        *string `json:"token"`
		RefreshToken *string `json:"refreshToken"`
		Organization *string `json:"organization"`
	}
	if strings.TrimSpace(string(content)) == "" {
		return Login{}, fmt.Errorf("credentials file %s is empty; %s", path, loginAgain)
	}
	// The decoder's own message would quote the content.
	if json.Unmarshal(content, &file) != nil {
		return Login{}, fmt.Errorf("credentials file %s is not a JSON object with the strings token, refreshToken and organization, as the CLI writes it; %s", path, loginAgain)
	}
	login := Login{
		Token:        trimmed(file.Token),
		RefreshToken: trimmed(file.RefreshToken),
		Organization: trimmed(file.Organization),
	}
	if login.Token == "" && login.RefreshToken == "" {
		return Login{}, fmt.Errorf("credentials file %s has neither a token nor a refreshToken; %s", path, loginAgain)
	}
	for _, field := range []struct{ name, value string }{{"token", login.Token}, {"refreshToken", login.RefreshToken}} {
		if field.value == "" {
			continue
		}
		if err := CheckToken(field.value); err != nil {
			return Login{}, fmt.Errorf("credentials file %s, field %s: %w", path, field.name, err)
		}
	}
	return login, nil
}

const loginAgain = "run dbos-cloud login to write it again"

func readLoginFile(path string) ([]byte, error) {
	if path == "" {
		return nil, errors.New("the path of the credentials file is empty")
	}
	file, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("credentials file %s does not exist: %w", path, fs.ErrNotExist)
	case err != nil:
		return nil, fmt.Errorf("credentials file %s cannot be read: %w", path, errors.Unwrap(err))
	}
	defer func() { _ = file.Close() }()

	if info, err := file.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("credentials file %s is a directory; the CLI's file in it is called credentials", path)
	}
	content, err := io.ReadAll(io.LimitReader(file, maxLoginFile+1))
	if err != nil {
		return nil, fmt.Errorf("credentials file %s cannot be read: %w", path, err)
	}
	if len(content) > maxLoginFile {
		return nil, fmt.Errorf("credentials file %s is larger than 1 MiB, so the CLI did not write it", path)
	}
	return content, nil
}

func trimmed(s *string) string {
	if s == nil {
		return ""
	}
	return strings.TrimSpace(*s)
}

// CheckToken returns an error if a trimmed token or refresh token cannot be sent. The error shows nothing of it.
func CheckToken(token string) error {
	if token == "" {
		return errors.New("the token is empty")
	}
	for i, c := range []rune(token) {
		if '!' <= c && c <= '~' {
			continue
		}
		class := "a character that is not printable ASCII"
		if unicode.IsSpace(c) {
			class = "white space"
		}
		return fmt.Errorf("the token has %s inside it, at position %d; give it in one piece, without line breaks and without a leading \"Bearer\"", class, i+1)
	}
	return nil
}
