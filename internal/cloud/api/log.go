// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/redact"
)

// attemptKey is the key of a context for the *attempts of its call.
type attemptKey struct{}

// attempts counts the requests of one call.
type attempts struct{ count atomic.Int64 }

// report writes the one log line of a request. Of headers and bodies, it shows only the request ID.
func (t *attemptTransport) report(req *http.Request, resp *http.Response, err error, took time.Duration) {
	attributes := []slog.Attr{
		slog.String("method", req.Method),
		slog.String("path", req.URL.EscapedPath()),
		slog.Duration("duration", took),
	}
	if a, ok := req.Context().Value(attemptKey{}).(*attempts); ok {
		attributes = append(attributes, slog.Int64("attempt", a.count.Add(1)))
	}
	if resp != nil {
		attributes = append(attributes, slog.Int("status", resp.StatusCode), slog.String("request_id", requestID(resp)))
	}
	if err != nil {
		attributes = append(attributes, slog.String("error", redact.Line(err.Error())))
	}
	t.log.LogAttrs(req.Context(), slog.LevelDebug, "DBOS Cloud request", attributes...)
}

// requestID returns the request ID of an error's body. If that has none, it returns the header's.
func requestID(resp *http.Response) string {
	var refusal struct {
		RequestID string `json:"requestID"`
	}
	if body, ok := resp.Body.(*answerBody); ok && resp.StatusCode >= 400 {
		// A body that is not JSON has no ID.
		_ = json.Unmarshal(body.content, &refusal)
	}
	if refusal.RequestID == "" {
		refusal.RequestID = resp.Header.Get("X-Request-Id")
	}
	return redact.Line(refusal.RequestID)
}
