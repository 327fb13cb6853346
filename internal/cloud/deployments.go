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

// Deployer deploys one application. All other changes that its client makes of the application wait until it is closed.
type Deployer struct {
	Application Application // as it was when the deployer was made

	client   *Client
	versions []ApplicationVersion // as they were before the deploy; nil until they are read
	leave    func()
}

// NewDeployer waits until the client makes no other change of an application, and then reads the application. The
// caller has to close the deployer.
func (c *Client) NewDeployer(ctx context.Context, application string) (*Deployer, error) {
	leave, err := c.enterApplication(ctx, application)
	if err != nil {
		return nil, err
	}
	found, err := c.FreshApplication(ctx, application)
	if err != nil {
		leave()
		return nil, err
	}
	return &Deployer{Application: *found, client: c, leave: leave}, nil
}

// Close lets other changes of the application go on.
func (d *Deployer) Close() { d.leave() }

// Versions reads the versions of the application before the deploy, the newest first.
func (d *Deployer) Versions(ctx context.Context) ([]ApplicationVersion, error) {
	if d.versions != nil {
		return d.versions, nil
	}
	versions, err := d.client.ApplicationVersions(ctx, d.Application.Name)
	if err == nil {
		d.versions = versions
	}
	return versions, err
}

// Deploy uploads the files of the application as a new version. It returns the version once the service has accepted
// it. If a migration fails, the Detail of the error is its output.
func (d *Deployer) Deploy(ctx context.Context, archive Archive) (version string, err error) {
	files := d.client.api.NewArchiveUpload(ctx, d.Application.Name, archive)
	version, err = d.deploy(ctx, deployment{files: files})
	if failed := files.Failure(); err != nil && failed != nil {
		return "", fmt.Errorf("the archive of application %q cannot be sent: %w", d.Application.Name, failed)
	}
	return version, err
}

// DeployVersion deploys the files of an earlier version again.
func (d *Deployer) DeployVersion(ctx context.Context, previousVersion string) (version string, err error) {
	return d.deploy(ctx, deployment{previous: previousVersion})
}

// ChangeInstance moves the application to another database instance and deploys the files of a version there.
func (d *Deployer) ChangeInstance(ctx context.Context, target, previousVersion string) (version string, err error) {
	return d.deploy(ctx, deployment{previous: previousVersion, target: target})
}

// deployment is one deploy, in any of its forms.
type deployment struct {
	files    *api.ArchiveUpload // nil with a previous version
	previous string
	target   string // the instance to move to; "" stays
}

func (d deployment) request(application string) api.Request {
	r := api.Request{
		Kind: api.Write, Method: "POST", Path: []string{"applications", application},
		Needs: []api.Object{applicationNamed(application), instanceNamed(d.target)},
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
func (d *Deployer) deploy(ctx context.Context, wanted deployment) (version string, err error) {
	if _, err := d.Versions(ctx); err != nil {
		return "", err
	}
	var (
		r    = wanted.request(d.Application.Name)
		lost error // of the first attempt whose outcome was unknown
		end  time.Time
	)
	for {
		answer, err := api.Do[deployAnswer](ctx, d.client.api, r)
		busy := r.FailWhenBusy && api.IsBusy(err)
		switch {
		case err == nil:
			return answer.ApplicationVersion, nil
		case !busy && !OutcomeUnknown(err), hasFailed(err), wanted.files.Failure() != nil:
			return "", err
		case lost == nil:
			lost, end = err, time.Now().Add(d.client.retryTimeout)
		}
		r.FailWhenBusy = true
		version, lookErr := d.findLost(ctx, wanted)
		switch {
		case version != "":
			return version, nil
		case lookErr != nil && ctx.Err() != nil:
			return "", fmt.Errorf("%w; it may have taken effect, but the operation ended before this was checked: %w", lost, context.Cause(ctx))
		case lookErr != nil:
			return "", fmt.Errorf("%w; it may have taken effect: %w", lost, lookErr)
		case d.leavesNoTrace(wanted) && ctx.Err() != nil:
			return "", fmt.Errorf("%w; it may have taken effect before the operation ended, which nothing shows: version %q ran before too: %w", lost, wanted.previous, context.Cause(ctx))
		case d.leavesNoTrace(wanted):
			return "", fmt.Errorf("%w; it may have taken effect: version %q ran before too, so nothing shows whether it was deployed again", lost, wanted.previous)
		case ctx.Err() != nil:
			return "", fmt.Errorf("%w; it had no effect before the operation ended: %w", lost, context.Cause(ctx))
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
