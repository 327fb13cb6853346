// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// rewinding is a slow network that finds its connection dead and reads the body again, as [http.Transport] does.
type rewinding struct{ pause time.Duration }

func (n rewinding) RoundTrip(req *http.Request) (*http.Response, error) {
	_ = req.Body.Close()
	body, err := req.GetBody()
	if err != nil {
		return nil, err
	}
	for {
		select {
		case <-time.After(n.pause):
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
		if _, err := body.Read(make([]byte, 1)); err != nil {
			return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Header: http.Header{}, Request: req}, nil //nolint:nilerr // It is the end.
		}
	}
}

// TestRewoundUploadMayTakeItsTime checks that a body which the network reads again also counts as movement.
func TestRewoundUploadMayTakeItsTime(t *testing.T) {
	t.Parallel()
	for pause, works := range map[time.Duration]bool{50 * time.Second: true, 70 * time.Second: false} {
		synctest.Test(t, func(t *testing.T) {
			transport := &attemptTransport{next: rewinding{pause}, timeout: time.Minute, log: slog.New(slog.DiscardHandler)}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1/", strings.NewReader("abcdef"))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := transport.RoundTrip(req)
			if err == nil {
				_, err = io.Copy(io.Discard, resp.Body)
			}
			if (err == nil) != works {
				t.Errorf("a byte each %s: %v", pause, err)
			}
		})
	}
}
