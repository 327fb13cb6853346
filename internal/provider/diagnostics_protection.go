// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// protectionHelp ends the description of every deletion_protection.
const protectionHelp = "To destroy it, first set this to `false` and apply. The plan fails if it would destroy or replace a protected object. " +
	"`-replace`, a tainted object and `replace_triggered_by` fail during the apply, before anything is changed."

// protection refuses to destroy an object. A plan does not show the provider that an object is tainted or that -replace
// was given, so Delete asks as well.
type protection struct {
	resource string // type, such as dbos_database_instance
	noun     string // such as "database instance"
	name     string
	loss     string // what a deletion does, such as "irreversibly deletes all data in it"
	on       bool
}

// refuseDestroy refuses a plan that destroys the object.
func (p protection) refuseDestroy(diags *diag.Diagnostics) {
	if p.on {
		addAttributeError(diags, "deletion_protection", p.summary("destroyed"), fmt.Sprintf("Destroying it %s. %s", p.loss, p.waysOn()))
	}
}

// refuseReplacement refuses a plan that changes an attribute which cannot change in place. It also refuses if the same
// plan turns the protection on.
func (p protection) refuseReplacement(attribute string, planned types.Bool, diags *diag.Diagnostics) {
	if p.on || planned.ValueBool() {
		addAttributeError(diags, attribute, p.summary("replaced"),
			fmt.Sprintf("A change of %s replaces the %s. Destroying this one %s. %s", attribute, p.noun, p.loss, p.waysOn()))
	}
}

// refuseDelete refuses the deletion itself, before its first call.
func (p protection) refuseDelete(diags *diag.Diagnostics) bool {
	if p.on {
		diags.AddError(p.summary("destroyed"), fmt.Sprintf("It is tainted, or -replace or replace_triggered_by asks to replace it. Destroying it %s. Nothing was changed. "+
			"If it is tainted and you want to keep it, run terraform untaint %s.NAME, with the address that the plan shows. %s", p.loss, p.resource, p.waysOn()))
	}
	return p.on
}

func (p protection) summary(what string) string {
	return fmt.Sprintf("%s %q is protected from being %s", capital(p.noun), p.name, what)
}

func (p protection) waysOn() string {
	return fmt.Sprintf("To destroy it, set deletion_protection = false, apply, and try again. If you removed it from the configuration, put it back first. "+
		"To keep it and only remove it from the state, run terraform state rm %s.NAME, with the address that the plan shows.", p.resource)
}
