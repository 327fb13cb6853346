// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func protectionAttribute() schema.Attribute {
	return schema.BoolAttribute{
		Optional: true,
		Computed: true,
		Default:  booldefault.StaticBool(true),
		MarkdownDescription: "Whether the database instance is protected from being destroyed or replaced, which deletes all of its data irreversibly. " +
			"To destroy it, set this to `false` and apply first. Default: `true`.",
	}
}

// protection guards an object whose deletion destroys data. Terraform's plan
// hooks do not see a tainted object or -replace, so that Delete asks as well.
type protection struct {
	resource string // type, such as dbos_database_instance
	name     string
	enabled  types.Bool
}

// on tells whether deletion is refused. Null counts as true: an object whose
// protection was never recorded is not thereby unprotected.
func (p protection) on() bool { return p.enabled.IsNull() || p.enabled.ValueBool() }

// refuseDestroy is the refusal of a destroy plan.
func (p protection) refuseDestroy(diags *diag.Diagnostics) {
	if !p.on() {
		return
	}
	addAttributeError(diags, "deletion_protection", fmt.Sprintf("Database instance %q is protected from being destroyed", p.name),
		"Destroying it would irreversibly delete all data in it. "+p.waysOn())
}

// refuseReplacement is the refusal of a plan that changes an attribute which
// cannot be changed in place. Protection that the same plan turns on counts.
func (p protection) refuseReplacement(attribute string, planned types.Bool, diags *diag.Diagnostics) {
	if !p.on() && !planned.ValueBool() {
		return
	}
	addAttributeError(diags, attribute, fmt.Sprintf("Database instance %q is protected from being replaced", p.name),
		fmt.Sprintf("A change of %s destroys the instance, irreversibly deletes all data in it, and makes another. %s", attribute, p.waysOn()))
}

// refuseDelete is the last guard, before the first call of a deletion.
func (p protection) refuseDelete(diags *diag.Diagnostics) bool {
	if !p.on() {
		return false
	}
	diags.AddError(fmt.Sprintf("Database instance %q is protected from being destroyed", p.name),
		fmt.Sprintf("It is tainted, or its replacement was asked for; that would irreversibly delete all data in it. Nothing was sent. "+
			"If it is tainted and should stay, run: terraform untaint %s.NAME. %s", p.resource, p.waysOn()))
	return true
}

func (p protection) waysOn() string {
	return fmt.Sprintf("If that is what you want, set deletion_protection = false and apply, then try again "+
		"(for instances that only tests use, create them with false). To keep the instance and let Terraform forget it, run: terraform state rm %s.NAME.", p.resource)
}
