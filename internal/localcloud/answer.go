// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// apiError is an error in the shape of the API's.
type apiError struct {
	status  int
	message string
	detail  string // DetailedError: a failed migration's output
}

func (e *apiError) Error() string { return e.message }

func refuse(status int, format string, args ...any) error {
	return &apiError{status: status, message: fmt.Sprintf(format, args...)}
}

func badRequest(format string, args ...any) error {
	return refuse(http.StatusBadRequest, format, args...)
}

func notFound(kind, name string) error {
	return refuse(http.StatusNotFound, "%s %s not found", kind, name)
}

func exists(kind, name string) error {
	return refuse(http.StatusConflict, "%s %s already exists", kind, name)
}

// isUnauthorized tells whether an error refuses the login.
func isUnauthorized(err error) bool {
	var refused *apiError
	return errors.As(err, &refused) && refused.status == http.StatusUnauthorized
}

// noContent is answered with status 204. A nil answer is an empty 200.
type noContent struct{}

func requestID() string { return hex.EncodeToString(randomBytes(12)) }

func writeAnswer(w http.ResponseWriter, answer any) {
	switch answer.(type) {
	case nil:
		w.WriteHeader(http.StatusOK)
	case noContent:
		w.WriteHeader(http.StatusNoContent)
	default:
		writeJSON(w, http.StatusOK, answer)
	}
}

func writeError(w http.ResponseWriter, id string, err error) {
	var oauth *oauthError
	if errors.As(err, &oauth) {
		writeJSON(w, oauth.status, oauth)
		return
	}
	var refused *apiError
	if !errors.As(err, &refused) {
		refused = &apiError{status: http.StatusInternalServerError, message: "internal error: " + err.Error()}
	}
	writeJSON(w, refused.status, errorAnswer{
		Message:       refused.message,
		StatusCode:    refused.status,
		RequestID:     id,
		DetailedError: refused.detail,
	})
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // fails only if the client has gone away
}
