// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package reliability

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// hidesSecrets looks for a secret in what a user or a log shows.
func (w *world) hidesSecrets(output string) error {
	for _, secret := range []string{firstSecret, secondSecret, w.cloud.Connection().Token, w.cloud.Connection().RefreshToken} {
		if i := strings.Index(output, secret); i >= 0 {
			return fmt.Errorf("a secret shows: %s", output[max(0, i-200):min(len(output), i+50)])
		}
	}
	return nil
}

// wayOn is what an error tells the user to do, or that there is nothing to do.
var wayOn = regexp.MustCompile(`(?i)apply again|terraform apply|untaint|next (plan|apply)|import \{|remove the cause|run the action again`)

// saysEnough checks that an error names its object, or the source of a restore, and the way on. An operation that reads
// all objects of a kind names the kind.
func saysEnough(s *scenario, n named, ok bool, said string) error {
	objects := []string{n.instance, n.application, `"base"`}
	if s.do != nil {
		objects = append(objects, "Cannot list the ", "Cannot read the account", "organization")
	}
	namesObject := slices.ContainsFunc(objects, func(name string) bool { return strings.Contains(said, name) })
	if !ok && (!namesObject || !wayOn.MatchString(said)) {
		return fmt.Errorf("the error names no object or no way on: %s", said)
	}
	return nil
}

// converges checks that the plan is empty. If the operation failed it follows the way on first, which is one more
// apply; a user may have to untaint before that.
func (w *world) converges(s *scenario, n named, o *object, ok bool) error {
	if s.do != nil || s.after == nil && s.id == nil && o == nil {
		return nil
	}
	d, err := w.drive(s)
	if err != nil {
		return err
	}
	if !ok {
		if o, ok, err = s.run(d, n, o); err != nil || !ok {
			return d.failed("one more apply does not work", err)
		}
	}
	if s.after == nil {
		return nil
	}
	if o == nil {
		return errors.New("nothing is in the state")
	}
	if o, ok, err = d.read(o); err != nil || !ok || o == nil {
		return d.failed("the refresh does not work", err)
	}
	if changes, err := d.changes(o, s.after(n)); err != nil || changes {
		return d.failed("the next plan is not empty", err)
	}
	return nil
}

// check asks the server for what there is.
func (w *world) check(s *scenario, n named, before int) error {
	var instance struct {
		Status   string
		IsLinked bool
		Port     int
	}
	status := w.cloud.Call(w.t, http.MethodGet, "databases/userdb/info/"+n.instance, nil, &instance)
	if there := status == http.StatusOK; there != (s.want.instance || s.want.link) || there && instance.IsLinked != s.want.link ||
		s.want.port != 0 && instance.Port != s.want.port {
		return fmt.Errorf("the server has instance %s: %d %+v", n.instance, status, instance)
	}
	var application struct {
		PostgresInstanceName string
		ExecutorsMemoryMib   int
	}
	status = w.cloud.Call(w.t, http.MethodGet, "applications/"+n.application, nil, &application)
	if there := status == http.StatusOK; there != s.want.application || s.want.on != "" && application.PostgresInstanceName != s.want.on ||
		s.want.memory != 0 && application.ExecutorsMemoryMib != s.want.memory {
		return fmt.Errorf("the server has application %s: %d %+v", n.application, status, application)
	}
	if s.want.application {
		if err := w.checkApplication(s, n); err != nil {
			return err
		}
	}
	return w.checkWrites(s, before)
}

func (w *world) checkApplication(s *scenario, n named) error {
	var versions []struct{ Version string }
	w.cloud.Call(w.t, http.MethodGet, "applications/"+n.application+"/versions", nil, &versions)
	if len(versions) != s.want.versions {
		return fmt.Errorf("the application has %d versions, want %d", len(versions), s.want.versions)
	}
	var secrets []string
	w.cloud.Call(w.t, http.MethodGet, "applications/"+n.application+"/secrets", nil, &secrets)
	if (len(secrets) == 1) != s.want.secret {
		return fmt.Errorf("the application has secrets %v", secrets)
	}
	return nil
}

// checkWrites asks the log of the local cloud what was carried out: what was made, deployed or destroyed, and the last
// password or value of a secret.
func (w *world) checkWrites(s *scenario, before int) error {
	secret, made, deployed := "", 0, 0
	for _, request := range w.cloud.Requests()[before:] {
		if request.Outcome/100 != 2 {
			continue
		}
		var sent struct{ AdminPassword, Password, ClearSecretValue string }
		_ = json.Unmarshal(request.Body, &sent) // a body that is not JSON sets nothing
		switch call := w.callOf(request); call {
		case "POST databases/userdb", "POST databases/userdb/*/restore", "POST databases/byod", "PUT applications":
			made++
			secret = cmp.Or(sent.AdminPassword, sent.Password, secret)
		case "POST databases/userdb/*/credentials":
			secret = sent.Password
		case "POST applications/secrets":
			secret = sent.ClearSecretValue
		case "POST applications/*", "POST applications/*/changedbinstance":
			deployed++
		default:
			if request.Method == http.MethodDelete && !s.want.deletes {
				return fmt.Errorf("something was destroyed: %s", request.Path)
			}
		}
	}
	switch {
	case made > 1:
		return fmt.Errorf("it was made %d times", made)
	case deployed > s.want.deploys:
		return fmt.Errorf("it was deployed %d times, want %d", deployed, s.want.deploys)
	case s.want.sent != "" && secret != s.want.sent:
		return fmt.Errorf("the last password or value is %q, want %q", secret, s.want.sent)
	}
	return nil
}
