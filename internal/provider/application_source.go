// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/archive"
	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
	"github.com/dbos-community/terraform-provider-dbos/internal/homepath"
)

// source is an application's directory as it is now.
type source struct {
	*archive.Source
	configFile string
}

// planSource checks the directory for a plan. It hashes the files by a function, which is nil if there is no recorded
// hash to compare with. While the directory is unknown it reports nothing. While a trigger is unknown it reports
// nothing either, because the same apply may build the files.
func (m *applicationDeploymentModel) planSource(ctx context.Context, hashFiles hashFiles, diags *diag.Diagnostics) (*source, types.String) {
	switch {
	case m.SourceDir.IsNull():
		return nil, types.StringNull()
	case m.SourceDir.IsUnknown() || m.ConfigFile.IsUnknown() || !fullyKnown(m.ConfigVariables):
		return nil, types.StringUnknown()
	}
	var faults diag.Diagnostics
	files := m.openSource(ctx, &faults)
	hash := types.StringUnknown()
	if files != nil && hashFiles != nil {
		text, err := hashFiles(files.Source, ctx)
		if err != nil {
			m.sourceFault(err, &faults)
			files = nil
		}
		hash = types.StringValue(text)
	}
	if fullyKnown(m.Triggers) {
		diags.Append(faults...)
	} else if files == nil {
		hash = types.StringUnknown()
	}
	return files, hash
}

// hashFiles is a method of archive.Source.
type hashFiles func(*archive.Source, context.Context) (string, error)

// openSource makes the checks that the CLI makes. It returns nil and reports why if one fails.
func (m *applicationDeploymentModel) openSource(ctx context.Context, diags *diag.Diagnostics) *source {
	options := archive.Options{ConfigFile: m.ConfigFile.ValueString(), Variables: map[string]string{}}
	for name, value := range m.ConfigVariables.Elements() {
		if text, ok := value.(types.String); ok && !text.IsNull() {
			options.Variables[name] = text.ValueString()
			cloud.KeepSecret(text.ValueString()) // A failed deploy may show the file that they are in.
		}
	}
	dir, err := homepath.Expand(m.SourceDir.ValueString())
	if err != nil {
		m.sourceFault(err, diags)
		return nil
	}
	files, err := archive.Open(ctx, dir, options)
	if err != nil {
		m.sourceFault(err, diags)
		return nil
	}
	return &source{Source: files, configFile: options.ConfigFile}
}

// packSource makes the archive to deploy. It returns nil and reports why if it cannot.
func (m *applicationDeploymentModel) packSource(ctx context.Context, diags *diag.Diagnostics) (*source, *archive.Archive) {
	files := m.openSource(ctx, diags)
	if files == nil {
		return nil, nil
	}
	packed, err := files.Archive(ctx)
	if err != nil {
		m.sourceFault(err, diags)
		return nil, nil
	}
	return files, packed
}

func (m *applicationDeploymentModel) sourceFault(err error, diags *diag.Diagnostics) {
	if errors.Is(err, context.Canceled) {
		addError(diags, "Cannot read the application in "+m.SourceDir.ValueString(), err, "Nothing was changed. Apply again.")
		return
	}
	addAttributeError(diags, "source_dir", "The application cannot be deployed from "+m.SourceDir.ValueString(),
		sentence(err.Error())+" If the same apply builds the files, refer to an attribute of the resource that builds them, in source_dir or triggers. "+
			"(To destroy without the files, use -refresh=false.)")
}

// checkDeploy makes the checks that only a deploy needs.
func (s *source) checkDeploy(ctx context.Context, diags *diag.Diagnostics) {
	if err := s.CheckSize(ctx); err != nil {
		addAttributeError(diags, "source_dir", "The application is too large", sentence(err.Error()))
	}
	if dead := s.DeadLinks(); len(dead) > 0 {
		diags.AddAttributeWarning(path.Root("source_dir"), "Links that lead nowhere are left out",
			fmt.Sprintf("The targets of these symbolic links do not exist, so the links are not deployed: %s. If the application needs them, repair them and apply again.", strings.Join(dead, ", ")))
	}
}

// keepsDatabase refuses an app_db_name that differs from the application's database.
func (s *source) keepsDatabase(application *cloud.Application, diags *diag.Diagnostics) bool {
	wanted := s.Config().AppDBName
	if wanted == "" || application.Database == "" || wanted == application.Database {
		return true
	}
	addAttributeError(diags, "source_dir", fmt.Sprintf("The database of application %q cannot be changed", application.Name),
		fmt.Sprintf("Its database is %q, but app_db_name in %s is %q. Nothing was deployed. Write the name of the existing database into the file.", application.Database, s.configFile, wanted))
	return false
}

// fullyKnown tells that a map of strings and all of its values are known.
func fullyKnown(values types.Map) bool {
	for _, value := range values.Elements() {
		if value.IsUnknown() {
			return false
		}
	}
	return !values.IsUnknown()
}
