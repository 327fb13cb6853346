// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

// createCall describes a call that makes an object, for the messages about its outcome.
type createCall struct {
	resource string // type, such as dbos_database_instance
	object   string // as messages name it, such as database instance "orders"
	id       string // for an import
	verb     string // such as "create"
	failed   string // what a refusal leaves behind
}

// report reports the outcome of the call. It saves an object that exists or may exist, and returns false if the create
// ends here.
func (c createCall) report(err error, save func(), diags *diag.Diagnostics) bool {
	var unseen *cloud.UnseenError
	switch {
	case err == nil:
		save()
	case errors.As(err, &unseen):
		save()
		diags.AddWarning(fmt.Sprintf("Cannot read %s yet", c.object),
			explain(err)+" It exists and is in the state. Attributes that only the API returns are null until the next plan or apply reads them.")
		return true
	case errors.Is(err, cloud.ErrExists):
		diags.AddError(fmt.Sprintf("Cannot %s %s: it exists already", c.verb, c.object), takenHelp(c.resource, c.id))
	case cloud.OutcomeUnknown(err):
		save()
		addError(diags, fmt.Sprintf("Cannot determine whether %s exists", c.object), err,
			"It did not exist before, and the answer to the request that creates it was lost. It is in the state now, so that Terraform does not lose it. "+
				"If it does not exist, the next plan removes it from the state. "+unready{resource: c.resource, created: true}.wayOn())
	default:
		addError(diags, fmt.Sprintf("Cannot %s %s", c.verb, c.object), err, c.failed)
	}
	return err == nil
}

// takenHelp shows how to take over an object whose name is taken.
func takenHelp(typeName, id string) string {
	return fmt.Sprintf("Nothing was changed, and nothing was added to the state. If Terraform should manage the existing one, import it with this block, with the name of your resource for NAME, and its key if it has for_each:\n\n"+
		"  import {\n    to = %s.NAME\n    id = %q\n  }\n\nOtherwise choose another name.", typeName, id)
}
