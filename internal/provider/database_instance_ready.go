// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

// readySteps brings an instance to the planned state: it waits until the instance is ready, sets a password that is
// still to be set, and waits again. It saves the instance after each step.
type readySteps struct {
	client   *cloud.Client
	until    cloud.Until
	model    *instanceModel
	password passwordModel // recorded once accepted
	secret   types.String  // to be set; null for none
	failure  unready
	save     func()
}

// accepted reports the outcome of the call that creates the instance, and saves an instance that exists or may exist.
// It returns false if the create ends here.
func (s readySteps) accepted(err error, diags *diag.Diagnostics) bool {
	return createCall{resource: s.failure.resource, object: s.model.label(), id: s.failure.name, verb: "create", failed: notAdded}.report(err, s.save, diags)
}

// run waits for the instance and sets its password.
func (s readySteps) run(ctx context.Context, diags *diag.Diagnostics) {
	if !s.wait(ctx, s.until, diags) || s.secret.IsNull() {
		return
	}
	setting := ctx
	if s.failure.created {
		setting = cloud.UntilDeadline(ctx) // Giving up earlier would taint an instance that is ready.
	}
	if err := s.client.SetInstancePassword(setting, s.failure.name, s.secret.ValueString()); err != nil {
		addError(diags, fmt.Sprintf("Cannot set the password of database instance %q", s.failure.name), err,
			"The instance exists. Its password may still be the previous one. "+s.failure.wayOn())
		return
	}
	former := s.model.passwordModel
	s.model.passwordModel = s.password
	s.save()
	instance, err := s.client.WaitInstance(ctx, s.failure.name, cloud.ReadyAgain)
	if ended := new(cloud.WaitError); errors.As(err, &ended) && ended.DeadEnd {
		// The service accepted the password, and then could not set it.
		s.model.passwordModel = former
		s.save()
	}
	s.waited(instance, err, diags)
}

func (s readySteps) wait(ctx context.Context, until cloud.Until, diags *diag.Diagnostics) bool {
	instance, err := s.client.WaitInstance(ctx, s.failure.name, until)
	return s.waited(instance, err, diags)
}

// waited saves what a wait has found.
func (s readySteps) waited(instance *cloud.Instance, err error, diags *diag.Diagnostics) bool {
	if err != nil {
		s.failure.addTo(diags, err)
		return false
	}
	if !provisioned(instance, s.failure.resource, s.model.ID, diags) {
		return false
	}
	s.model.observe(instance, s.model.Organization)
	s.save()
	return true
}

// provisioned refuses a linked database under the name of a provisioned one. Older servers do not say whether an
// instance is linked; assume that it is not.
func provisioned(instance *cloud.Instance, typeName string, id types.String, diags *diag.Diagnostics) bool {
	if instance.Linked {
		diags.AddError(fmt.Sprintf("Database instance %q is a linked database", instance.Name),
			"DBOS Cloud did not provision the database of this name: it is a linked database. Nothing was changed. "+
				manageAs(linkedDatabaseType, typeName, id))
	}
	return !instance.Linked
}
