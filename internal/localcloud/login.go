// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// clientIDs are the public OAuth client identifiers of the CLI and of this program.
var clientIDs = []string{"6p7Sjxf13cyLMkdwn14MxlH7JdhILled", "G38fLmVErczEo9ioCFjVIHea6yd0qMZu"}

// exchangeToken answers a refresh token with an access token, as the authentication service does. It does not rotate
// the refresh token.
func (s *Server) exchangeToken(r *http.Request) (any, error) {
	r.Body = http.MaxBytesReader(nil, r.Body, largestBody)
	if err := r.ParseForm(); err != nil {
		return nil, oauthRefusal(http.StatusBadRequest, "invalid_request", "The body is not a form.")
	}
	if !slices.Contains(clientIDs, r.PostForm.Get("client_id")) {
		return nil, oauthRefusal(http.StatusUnauthorized, "invalid_client", "Unknown client.")
	}
	if r.PostForm.Get("grant_type") != "refresh_token" {
		return nil, oauthRefusal(http.StatusForbidden, "unsupported_grant_type", "This local cloud knows the grant type refresh_token only.")
	}
	if subtle.ConstantTimeCompare([]byte(r.PostForm.Get("refresh_token")), []byte(s.connection.RefreshToken)) != 1 {
		return nil, oauthRefusal(http.StatusForbidden, "invalid_grant", "Unknown or invalid refresh token.")
	}
	token, err := s.tokens.issue(time.Now())
	if err != nil {
		return nil, err
	}
	return tokenAnswer{
		AccessToken: token,
		Scope:       "offline_access",
		ExpiresIn:   int64(s.options.TokenLifetime / time.Second),
		TokenType:   "Bearer",
	}, nil
}

func oauthRefusal(status int, code, description string) error {
	return &oauthError{status: status, Code: code, Description: description}
}

// writeLogin writes the login to the files where the CLI and this program's own commands look for it.
func (s *Server) writeLogin() error {
	credentials, err := json.Marshal(credentialsFile{
		Token:        s.connection.Token,
		RefreshToken: s.connection.RefreshToken,
		UserName:     s.options.Organization,
		Organization: s.options.Organization,
	})
	if err != nil {
		return err
	}
	if err := writeFile(s.connection.CredentialsFile, credentials); err != nil {
		return err
	}
	connection, err := json.Marshal(s.connection)
	if err != nil {
		return err
	}
	return writeFile(s.dir.file(ConnectionFile), connection)
}

// ConnectionFile is the file in the state directory that holds the Connection of the local cloud that runs on it, or
// ran last.
const ConnectionFile = "connection.json"
