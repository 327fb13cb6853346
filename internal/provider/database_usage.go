// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

// moveThenDestroy says what to do if Terraform destroys an instance before it moves the applications on it. Delete does
// not know why it is called, so the message gives both reasons.
const moveThenDestroy = `If this configuration also moves them, Terraform destroys the instance before it moves them, and would do so in every apply. To move them first:
  - if you removed the block of the instance, put it back and apply (or apply with -target the applications or bindings); then remove it and apply again;
  - if a change replaces the instance, such as another name, add lifecycle { create_before_destroy = true } to its block and apply.`

// unused reports an error and returns false if an application is on an instance. It looks right before the instance
// goes, so it also finds applications that Terraform does not manage, or destroys later. The object is the instance as
// messages name it.
func unused(ctx context.Context, client *cloud.Client, object, instance string, diags *diag.Diagnostics) bool {
	applications, err := client.FreshApplications(ctx)
	if err != nil {
		addError(diags, "Cannot list the applications on "+object, err, "Nothing was changed. "+applyAgain)
		return false
	}
	return !refuseInUse(object, on(applications, instance), "Nothing was changed. Move these applications to another instance, or delete them, first.\n\n"+moveThenDestroy, diags)
}

// on names the applications on an instance.
func on(applications []cloud.Application, instance string) []string {
	var names []string
	for _, application := range applications {
		if application.Instance == instance {
			names = append(names, application.Name)
		}
	}
	return names
}

// refuseInUse reports an error and returns true if there are applications. The text why ends the message.
func refuseInUse(object string, applications []string, why string, diags *diag.Diagnostics) bool {
	if len(applications) == 0 {
		return false
	}
	diags.AddError(capital(object)+" is in use",
		fmt.Sprintf("These applications are still on it: %s. %s", strings.Join(applications, ", "), why))
	return true
}
