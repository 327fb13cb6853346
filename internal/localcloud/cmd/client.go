// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/homepath"
	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

// callTimeout bounds every call except the one of reset.
const callTimeout = 30 * time.Second

// client calls a running local cloud.
type client struct {
	localcloud.Connection
	http *http.Client
}

func stateDirFlag(flags *flag.FlagSet) *string {
	var stateDir string
	folderFlag(flags, &stateDir, "state-dir", "state `folder` of the local cloud")
	return &stateDir
}

// connect finds a local cloud. It sends nothing.
func connect(stateDir string) (*client, error) {
	c := &client{http: &http.Client{Timeout: callTimeout}}
	if stateDir == "" {
		c.Endpoint = strings.TrimRight(os.Getenv("DBOS_ENDPOINT"), "/")
		c.Token = os.Getenv("DBOS_TOKEN")
		c.RefreshToken = os.Getenv("DBOS_REFRESH_TOKEN")
		c.CAFile = os.Getenv("DBOS_CA_CERTIFICATE_FILE")
		if c.Endpoint == "" {
			return nil, errors.New("no local cloud is given: use --state-dir, or set the environment variables that \"dbos-localcloud up\" printed")
		}
		if c.Token == "" && c.RefreshToken == "" {
			return nil, errors.New("DBOS_ENDPOINT is set, but neither DBOS_TOKEN nor DBOS_REFRESH_TOKEN: set all that \"dbos-localcloud up\" printed")
		}
	} else {
		raw, err := os.ReadFile(filepath.Join(stateDir, localcloud.ConnectionFile))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("no local cloud was ever started in %s; \"dbos-localcloud up --state-dir %s\" starts one", stateDir, stateDir)
		}
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(raw, &c.Connection); err != nil {
			return nil, fmt.Errorf("%s in %s: %w", localcloud.ConnectionFile, stateDir, err)
		}
	}
	if c.CAFile != "" {
		if err := c.trust(c.CAFile); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *client) trust(file string) error {
	file, err := homepath.Expand(file)
	if err != nil {
		return err
	}
	certificates, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(certificates) {
		return fmt.Errorf("%s contains no certificate", file)
	}
	c.http.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	return nil
}

// refresh exchanges the refresh token for a new access token.
func (c *client) refresh(ctx context.Context) error {
	form := url.Values{
		"grant_type":    {"refresh_token"},
		"client_id":     {"G38fLmVErczEo9ioCFjVIHea6yd0qMZu"},
		"refresh_token": {c.RefreshToken},
	}
	raw, err := c.send(ctx, http.MethodPost, "/oauth/token", "application/x-www-form-urlencoded", []byte(form.Encode()))
	if err != nil {
		return fmt.Errorf("exchange the refresh token: %w", err)
	}
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	err = json.Unmarshal(raw, &answer)
	c.Token = answer.AccessToken
	return err
}

// call makes a call below /localcloud/, with a new access token if the present one has expired.
func (c *client) call(ctx context.Context, method, path string, body, answer any) error {
	var payload []byte
	if body != nil {
		var err error
		if payload, err = json.Marshal(body); err != nil {
			return err
		}
	}
	raw, err := c.send(ctx, method, "/localcloud/"+path, "application/json", payload)
	var refused *refusal
	if errors.As(err, &refused) && refused.status == http.StatusUnauthorized && c.RefreshToken != "" {
		if err := c.refresh(ctx); err != nil {
			return err
		}
		raw, err = c.send(ctx, method, "/localcloud/"+path, "application/json", payload)
	}
	if err != nil || answer == nil {
		return err
	}
	if err := json.Unmarshal(raw, answer); err != nil {
		return fmt.Errorf("%s is no local cloud: it answers /localcloud/%s with something other than JSON: %w", c.Endpoint, path, err)
	}
	return nil
}

// reset makes the local cloud delete everything. It has no time limit: it waits for work that is under way, such as a
// migration.
func (c *client) reset(ctx context.Context) error {
	patient := *c
	patient.http = &http.Client{Transport: c.http.Transport}
	return patient.call(ctx, http.MethodPost, "reset", nil, nil)
}

// refusal is an answer whose status is no success.
type refusal struct {
	status  int
	message string
}

func (r *refusal) Error() string { return r.message }

func (c *client) send(ctx context.Context, method, path, contentType string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.Endpoint+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("Authorization", "Bearer "+c.Token)
	response, err := c.http.Do(request)
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" {
		return nil, fmt.Errorf("no local cloud answers at %s; start it with \"dbos-localcloud up\": %w", c.Endpoint, dial)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode/100 == 2 {
		return raw, nil
	}
	var told struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(raw, &told) != nil || told.Message == "" {
		told.Message = fmt.Sprintf("%s is no local cloud: it answers %s to %s %s", c.Endpoint, response.Status, method, path)
	}
	return nil, &refusal{status: response.StatusCode, message: told.Message}
}
