// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// section is what a page says under a heading of the second level.
func section(page, heading string) string {
	_, text, _ := strings.Cut(page, "\n## "+heading+"\n")
	text, _, _ = strings.Cut(text, "\n## ")
	return strings.TrimSpace(text)
}

// sections are the headings under which each page of a kind of object says something.
var sections = map[string][]string{
	"resources":           {"Example Usage", "Life cycle", "Outside Terraform", "What can go wrong", "Versions", "Schema", "Import"},
	"data-sources":        {"Example Usage", "When it is read", "If it does not exist", "What can go wrong", "Versions", "Schema"},
	"ephemeral-resources": {"Example Usage", "When it is opened", "What can go wrong", "Versions", "Schema"},
	"list-resources":      {"Example Usage", "How to use it", "What it lists", "What can go wrong", "Versions", "Schema"},
	"actions":             {"Example Usage", "When it runs", "What a failed run leaves", "What can go wrong", "Versions", "Schema"},
	"functions":           {"Example Usage", "Signature", "Arguments", "When it runs", "What it refuses", "Versions"},
}

// TestEveryObjectsPageIsWhole goes through the objects of the schema, so that a new one has to be explained too.
func TestEveryObjectsPageIsWhole(t *testing.T) {
	t.Parallel()
	v, all := newValidator(t), pages(t)
	for kind, names := range map[string][]string{
		"resources": slices.Collect(maps.Keys(v.ResourceSchemas)), "data-sources": slices.Collect(maps.Keys(v.DataSourceSchemas)),
		"ephemeral-resources": slices.Collect(maps.Keys(v.EphemeralResourceSchemas)), "list-resources": slices.Collect(maps.Keys(v.ListResourceSchemas)),
		"actions": slices.Collect(maps.Keys(v.ActionSchemas)), "functions": slices.Collect(maps.Keys(v.Functions)),
	} {
		if len(names) == 0 {
			t.Errorf("the schema has no %s, so that this test does not see them", kind)
		}
		for _, name := range names {
			page := "docs/" + kind + "/" + strings.TrimPrefix(name, "dbos_") + ".md"
			for _, heading := range sections[kind] {
				if section(all[page], heading) == "" {
					t.Errorf("%s says nothing under %q", page, heading)
				}
			}
			if !strings.Contains(section(all[page], "Versions"), "Terraform 1.") {
				t.Errorf("%s names no version of Terraform", page)
			}
		}
	}
}

// TestLifeCycleNamesEveryAttribute checks that each resource's page says, for every setting, what a change of it does.
func TestLifeCycleNamesEveryAttribute(t *testing.T) {
	t.Parallel()
	all := pages(t)
	for name, schema := range newValidator(t).ResourceSchemas {
		page := "docs/resources/" + strings.TrimPrefix(name, "dbos_") + ".md"
		table := section(all[page], "Life cycle")
		if !strings.Contains(table, "\n| destroy | ") {
			t.Errorf("%s does not say what a destroy does", page)
		}
		for _, attribute := range schema.Block.Attributes {
			if (attribute.Optional || attribute.Required) && !attribute.WriteOnly && !strings.Contains(table, "`"+attribute.Name+"`") {
				t.Errorf("%s: what does a change of %s do?", page, attribute.Name)
			}
		}
	}
}

var importCommand = regexp.MustCompile(`(?m)^terraform import '?(dbos_\w+)\.\S+ \S+$`)

// TestImportInAllForms demands of each resource's page the command, a block with the id and a block with the identity.
func TestImportInAllForms(t *testing.T) {
	t.Parallel()
	v, all := newValidator(t), pages(t)
	identities, err := v.server.GetResourceIdentitySchemas(t.Context(), &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for name := range v.ResourceSchemas {
		page := "docs/resources/" + strings.TrimPrefix(name, "dbos_") + ".md"
		text := section(all[page], "Import")
		if command := importCommand.FindStringSubmatch(text); command == nil || command[1] != name {
			t.Errorf("%s shows no command that imports a %s", page, name)
		}
		var byID, byIdentity bool
		for _, b := range blocks(page, text) {
			file, diags := hclsyntax.ParseConfig([]byte(b.text), page, hcl.InitialPos)
			if b.language != "terraform" || diags.HasErrors() {
				continue
			}
			for _, block := range file.Body.(*hclsyntax.Body).Blocks { //nolint:forcetypeassert // This is what ParseConfig returns.
				to := block.Body.Attributes["to"]
				if block.Type != "import" || to == nil || !strings.HasPrefix(string(to.Expr.Range().SliceBytes([]byte(b.text))), name+".") {
					continue
				}
				byID = byID || block.Body.Attributes["id"] != nil
				byIdentity = byIdentity || identifies(block.Body.Attributes["identity"], identities.IdentitySchemas[name])
			}
		}
		if !byID || !byIdentity {
			t.Errorf("%s: a block with the id is shown: %t; one with the identity: %t", page, byID, byIdentity)
		}
		for _, version := range []string{"Terraform 1.5 or newer", "Terraform 1.12 or newer"} {
			if !strings.Contains(text, version) {
				t.Errorf("%s does not say which form needs %s", page, version)
			}
		}
	}
}

// identifies tells whether an expression gives what the import of an object needs, and nothing that it does not know.
func identifies(expression *hclsyntax.Attribute, schema *tfprotov6.ResourceIdentitySchema) bool {
	if expression == nil {
		return false
	}
	value, diags := expression.Expr.Value(nil)
	if diags.HasErrors() || !value.Type().IsObjectType() {
		return false
	}
	given := value.Type().AttributeTypes()
	for _, attribute := range schema.IdentityAttributes {
		if _, ok := given[attribute.Name]; !ok && attribute.RequiredForImport {
			return false
		}
		delete(given, attribute.Name)
	}
	return len(given) == 0
}
