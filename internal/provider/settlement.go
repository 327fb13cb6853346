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

// settlement is what brings an instance to the state that was planned: a wait,
// then the password that is still to be set, then another wait. What is true
// is saved after each step.
type settlement struct {
	client   *cloud.Client
	until    cloud.Until
	model    *instanceModel
	password passwordModel // recorded once accepted
	secret   types.String  // to be set; null for none
	failure  unready
	save     func()
}

// accepted handles the outcome of the creating call, and saves the instance
// where it exists or may exist.
func (s settlement) accepted(err error, diags *diag.Diagnostics) bool {
	object := s.model.label()
	switch {
	case err == nil:
		s.save()
	case errors.Is(err, cloud.ErrExists):
		diags.AddError("Cannot create "+object+": it exists already", takenHelp(s.failure.resource, s.failure.name))
	case cloud.OutcomeUnknown(err):
		s.save()
		addError(diags, "Cannot tell whether "+object+" was created", err,
			"It was absent before, and the answer to its creation was lost. It is kept in the state, tainted, so that it cannot be orphaned: "+
				"the next plan drops it if it does not exist. "+s.failure.wayOn())
	default:
		addError(diags, "Cannot create "+object, err, "Nothing was added to the state.")
	}
	return err == nil
}

// run waits for the instance and sets its password.
func (s settlement) run(ctx context.Context, diags *diag.Diagnostics) {
	if !s.wait(ctx, s.until, diags) || s.secret.IsNull() {
		return
	}
	if err := s.client.SetInstancePassword(ctx, s.failure.name, s.secret.ValueString()); err != nil {
		addError(diags, fmt.Sprintf("Cannot set the password of database instance %q", s.failure.name), err,
			"The instance exists; its password may still be the former one. "+s.failure.wayOn())
		return
	}
	s.model.passwordModel = s.password
	s.save()
	s.wait(ctx, cloud.ReadyAgain, diags)
}

func (s settlement) wait(ctx context.Context, until cloud.Until, diags *diag.Diagnostics) bool {
	instance, err := s.client.WaitInstance(ctx, s.failure.name, until)
	if err != nil {
		s.failure.addTo(diags, err)
		return false
	}
	if !provisioned(instance, diags) {
		return false
	}
	s.model.observe(instance, s.model.Organization)
	s.save()
	return true
}

// provisioned refuses a linked database under the name of a provisioned one.
func provisioned(instance *cloud.Instance, diags *diag.Diagnostics) bool {
	if instance.Linked {
		diags.AddError(fmt.Sprintf("Database instance %q is a linked database", instance.Name),
			"The control plane has a linked database under this name, not one that it provisioned. Nothing was changed. "+
				"Manage it as a dbos_linked_database: remove it from this resource with terraform state rm, and import it there.")
	}
	return !instance.Linked
}

// takenHelp shows how to take over an object whose name is taken.
func takenHelp(typeName, id string) string {
	return fmt.Sprintf("Nothing was changed, and nothing was added to the state. If Terraform should manage the existing one, import it with this block:\n\n"+
		"  import {\n    to = %s.NAME\n    id = %q\n  }\n\nOtherwise choose another name.", typeName, id)
}
