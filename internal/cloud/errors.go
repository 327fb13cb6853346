// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"errors"
	"fmt"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/api"
)

// ErrExists is wrapped by the error of a create whose name is taken.
var ErrExists = errors.New("already exists")

// Error is a call that did not succeed, see [api.Error].
type Error = api.Error

// IsNotFound reports whether the API itself says that the object of the call does not exist, see [api.IsNotFound].
func IsNotFound(err error) bool { return api.IsNotFound(err) }

// OutcomeUnknown reports whether a write may have been carried out although it failed, see [api.OutcomeUnknown].
func OutcomeUnknown(err error) bool { return api.OutcomeUnknown(err) }

// UntilDeadline returns a context whose calls are repeated until its deadline, see [api.UntilDeadline].
func UntilDeadline(ctx context.Context) context.Context { return api.UntilDeadline(ctx) }

// WaitError is the error of a wait that ended early.
type WaitError struct {
	Kind    string // "database instance", "application"
	Name    string
	Status  string // the last one seen, "" if none was
	DeadEnd bool   // the object does not leave Status by itself
	Err     error  // the end of the context, the failure that ended the wait, or both; nil for a dead end
}

func (e *WaitError) Error() string {
	last := "its status could not be read"
	if e.Status != "" {
		last = fmt.Sprintf("the last status was %q", e.Status)
	}
	if e.DeadEnd {
		return fmt.Sprintf("%s %q is in status %q, which it does not leave by itself", e.Kind, e.Name, e.Status)
	}
	return fmt.Sprintf("waiting for %s %q ended: %s: %v", e.Kind, e.Name, last, e.Err)
}

func (e *WaitError) Unwrap() error { return e.Err }

// UnseenError says that the service has accepted an object, but its record could not be read afterwards. Nothing is
// lost: the object exists.
type UnseenError struct {
	Kind string // "application", "database instance", "secret"
	Name string
	Err  error // of the last read
}

func (e *UnseenError) Error() string {
	return fmt.Sprintf("%s %q was accepted, but could not be read afterwards: %v", e.Kind, e.Name, e.Err)
}

func (e *UnseenError) Unwrap() error { return e.Err }
