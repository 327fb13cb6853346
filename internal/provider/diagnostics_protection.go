// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// protectionHelp ends the description of every deletion_protection.
const protectionHelp = "To destroy it, set this to `false` and apply first. A plan that destroys or replaces it is refused. " +
	"`-replace`, a tainted object and `replace_triggered_by` are refused when they are applied, before anything is sent."

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
			fmt.Sprintf("Another %s makes another %s, and destroys this one, which %s. %s", attribute, p.noun, p.loss, p.waysOn()))
	}
}

// refuseDelete refuses the deletion itself, before its first call.
func (p protection) refuseDelete(diags *diag.Diagnostics) bool {
	if p.on {
		diags.AddError(p.summary("destroyed"), fmt.Sprintf("It is tainted, or its replacement was asked for. Destroying it %s. Nothing was sent. "+
			"If it is tainted and should stay, run terraform untaint %s.NAME, with the address that the plan shows. %s", p.loss, p.resource, p.waysOn()))
	}
	return p.on
}

func (p protection) summary(what string) string {
	return fmt.Sprintf("%s %q is protected from being %s", capital(p.noun), p.name, what)
}

func (p protection) waysOn() string {
	return fmt.Sprintf("If that is what you want, set deletion_protection = false and apply, then try again "+
		"(create with false what only tests use). To keep it and let Terraform forget it, run terraform state rm %s.NAME, with the address that the plan shows.", p.resource)
}
