// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"
)

// deployTime is how long an application is deploying.
const deployTime = 10 * time.Second

// deploying stands before a cloud and has each application deploying for a while after its deploy was accepted, as the
// service does. The simulated cloud is done before it answers.
type deploying struct {
	mu    sync.Mutex
	until map[string]time.Time // by application
}

// deployingAt starts one before an endpoint, and returns its own endpoint. It is closed at the end.
func (b *bench) deployingAt(endpoint string) (string, error) {
	target, err := url.Parse(endpoint)
	if err != nil {
		return "", err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // It lives until the end.
	if err != nil {
		return "", err
	}
	d := &deploying{until: map[string]time.Time{}}
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: d.change,
	}
	server := &http.Server{Handler: proxy, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	b.closers = append(b.closers, server.Close)
	return "http://" + listener.Addr().String(), nil
}

// change notes deploys, and changes the status in the records of applications.
func (d *deploying) change(resp *http.Response) error {
	_, below, _ := strings.Cut(resp.Request.URL.Path, "/applications")
	switch {
	case resp.StatusCode != http.StatusOK || strings.Count(below, "/") > 1 || !strings.Contains(resp.Request.URL.Path, "/applications"):
		return nil
	case resp.Request.Method == http.MethodPost:
		d.mu.Lock()
		d.until[path.Base(below)] = time.Now().Add(deployTime)
		d.mu.Unlock()
		return nil
	case resp.Request.Method != http.MethodGet:
		return nil
	}
	raw, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return err
	}
	if raw, err = d.rewrite(raw); err != nil {
		return err
	}
	resp.Body = io.NopCloser(bytes.NewReader(raw))
	resp.ContentLength = int64(len(raw))
	resp.Header.Del("Content-Length")
	return nil
}

func (d *deploying) rewrite(raw []byte) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := bytes.HasPrefix(bytes.TrimSpace(raw), []byte("["))
	if !list {
		raw = append(append([]byte("["), raw...), ']')
	}
	var records []map[string]any
	if err := json.Unmarshal(raw, &records); err != nil {
		return nil, err
	}
	for _, record := range records {
		if name, ok := record["Name"].(string); ok && time.Now().Before(d.until[name]) {
			record["Status"] = "DEPLOYING"
		}
	}
	if !list {
		return json.Marshal(records[0])
	}
	return json.Marshal(records)
}
