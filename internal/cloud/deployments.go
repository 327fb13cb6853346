// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/api"
)

// Archive holds the files of an application as a zip. It can be opened again to repeat a deploy, and gives the same
// bytes each time.
type Archive interface {
	Open() (io.ReadCloser, error)
	Size() int64 // exactly as many bytes as Open's reader gives
}

// Deploy uploads the files of an application as a new version. It returns the version once the service has accepted it.
// If a migration fails, the Detail of the error is its output.
func (c *Client) Deploy(ctx context.Context, name string, archive Archive) (version string, err error) {
	files := c.api.NewArchiveUpload(ctx, name, archive)
	version, err = c.deploy(ctx, deployment{application: name, files: files})
	if failed := files.Failure(); err != nil && failed != nil {
		return "", fmt.Errorf("the archive of application %q cannot be sent: %w", name, failed)
	}
	return version, err
}

// DeployVersion deploys the files of an earlier version again.
func (c *Client) DeployVersion(ctx context.Context, name, previousVersion string) (version string, err error) {
	return c.deploy(ctx, deployment{application: name, previous: previousVersion})
}

// ChangeInstance moves an application to another database instance and deploys the files of a version there.
func (c *Client) ChangeInstance(ctx context.Context, name, target, previousVersion string) (version string, err error) {
	return c.deploy(ctx, deployment{application: name, previous: previousVersion, target: target})
}

// deployment is one deploy, in any of its forms.
type deployment struct {
	application string
	files       *api.ArchiveUpload // nil with a previous version
	previous    string
	target      string // the instance to move to; "" stays
}

func (d deployment) request() api.Request {
	r := api.Request{
		Kind: api.Write, Method: "POST", Path: []string{"applications", d.application},
		Needs: []api.Object{applicationNamed(d.application), instanceNamed(d.target)},
	}
	if d.target != "" {
		r.Path = append(r.Path, "changedbinstance")
	}
	if d.files != nil {
		r.Stream = d.files
		return r
	}
	r.Body = struct {
		Previous string `json:"previous_version"`
		Target   string `json:"target_database_name,omitempty"`
	}{d.previous, d.target}
	return r
}

type deployAnswer struct{ ApplicationVersion string }

func (a deployAnswer) Check() error {
	if a.ApplicationVersion == "" {
		return errors.New("there is no ApplicationVersion")
	}
	return nil
}

// deploy carries out a deployment exactly once. If the outcome is unknown, it first looks for the new version, and
// sends again only if there is none. After a lost answer it does not wait for a busy application and then send: the
// application may be busy with the lost deploy.
func (c *Client) deploy(ctx context.Context, d deployment) (version string, err error) {
	leave, err := c.enterApplication(ctx, d.application)
	if err != nil {
		return "", err
	}
	defer leave()
	before, err := c.deployState(ctx, d.application)
	if err != nil {
		return "", err
	}
	var (
		r    = d.request()
		lost error // of the first attempt whose outcome was unknown
		end  time.Time
	)
	for {
		answer, err := api.Do[deployAnswer](ctx, c.api, r)
		busy := r.FailWhenBusy && api.IsBusy(err)
		switch {
		case err == nil:
			return answer.ApplicationVersion, nil
		case !busy && !OutcomeUnknown(err), hasFailed(err), d.files.Failure() != nil:
			return "", err
		case lost == nil:
			lost, end = err, time.Now().Add(c.retryTimeout)
		}
		r.FailWhenBusy = true
		version, lookErr := c.findLostDeploy(ctx, d, before)
		switch {
		case version != "":
			return version, nil
		case lookErr != nil && ctx.Err() != nil:
			return "", fmt.Errorf("%w; it may have taken effect, but the operation ended before this was checked: %w", lost, context.Cause(ctx))
		case lookErr != nil:
			return "", fmt.Errorf("%w; it may have taken effect: %w", lost, lookErr)
		case ctx.Err() != nil:
			return "", fmt.Errorf("%w; it had no effect before the operation ended: %w", lost, context.Cause(ctx))
		case d.leavesNoTrace(before):
			return "", fmt.Errorf("%w; it may have taken effect: version %q ran before too, so nothing shows whether it was deployed again", lost, d.previous)
		case !busy && time.Now().After(end):
			return "", lost
		}
	}
}

// hasFailed reports whether the API gives the details of a failed deploy, such as a failed migration. Such a failure is
// not a fault of the service, whatever its status.
func hasFailed(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Detail != ""
}
