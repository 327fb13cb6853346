// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"net/http"
	"testing"
)

var secret = attributes{"application_name": "shop", "name": "STRIPE_KEY", "value": "hush"}

func TestSecretValidate(t *testing.T) {
	t.Parallel()
	written := secret.with(attributes{"value": nil, "value_wo": "hush", "value_wo_version": 1})
	tests := map[string]struct {
		set  attributes
		want string
	}{
		"value":              {secret, ""},
		"write-only":         {written, ""},
		"all unknown":        {attributes{"application_name": unknown, "name": unknown, "value": unknown}, ""},
		"imported":           {secret.with(attributes{"value": nil}), ""},
		"reserved":           {secret.with(attributes{"name": "DBOS_DATABASE_URL"}), "is reserved"},
		"not a variable":     {secret.with(attributes{"name": "1ST"}), "Invalid secret name"},
		"empty":              {secret.with(attributes{"value": ""}), "The value is empty"},
		"both":               {written.with(attributes{"value": "hush"}), "cannot be specified"},
		"no version":         {secret.with(attributes{"value": nil, "value_wo": "hush"}), "value_wo_version"},
		"version with value": {secret.with(attributes{"value_wo_version": 1}), "value_wo_version"},
		"application name":   {secret.with(attributes{"application_name": "a b"}), "Invalid application name"},
	}
	r := newRPC(t, nil)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r.in(t).validate(applicationSecretType, tt.set, tt.want)
		})
	}
	r.plan(applicationSecretType, nil, secret.with(attributes{"value": nil}), "Missing value|value_wo_version")
	r.plan(applicationSecretType, nil, secret.with(attributes{"value": unknown}), "")
}

// vault is an API with the secrets of shop.
func vault(names string) *api {
	a := &api{}
	a.say("GET applications/shop/secrets", names)
	a.answer("POST applications/secrets", func(string) (int, string) {
		a.say("GET applications/shop/secrets", `["STRIPE_KEY"]`)
		return http.StatusOK, ""
	})
	a.answer("DELETE applications/shop/secrets/STRIPE_KEY", func(string) (int, string) { return http.StatusNoContent, "" })
	return a
}

func set(value string) string {
	return `POST applications/secrets {"ApplicationName":"shop","SecretName":"STRIPE_KEY","ClearSecretValue":"` + value + `"}`
}

func TestSecretLife(t *testing.T) {
	t.Parallel()
	a := vault("null")
	r := newRPC(t, a)
	o := r.apply(applicationSecretType, nil, secret, "", "")
	wantWrites(t, a, set("hush"))
	r.check(o.value, attributes{"id": "shop/STRIPE_KEY", "organization": "acme", "value": "hush"})
	r.unchanged(r.refresh(o, ""), secret)

	louder := secret.with(attributes{"value": "louder"})
	o = r.apply(applicationSecretType, o, louder, "", "")
	wantWrites(t, a, set("louder"))
	// From one form to the other the new value is sent, and afterwards only with a new version.
	written := secret.with(attributes{"value": nil, "value_wo": "quiet", "value_wo_version": 1})
	o = r.apply(applicationSecretType, o, written, "", "")
	wantWrites(t, a, set("quiet"))
	r.check(o.value, attributes{"value": nil, "value_wo": nil, "value_wo_version": 1})
	r.unchanged(o, written.with(attributes{"value_wo": "other"}))
	r.plan(applicationSecretType, o, written.with(attributes{"value_wo": nil, "value_wo_version": 2}), "value_wo is not set")
	o = r.apply(applicationSecretType, o, written.with(attributes{"value_wo": "other", "value_wo_version": 2}), "", "")
	wantWrites(t, a, set("other"))
	// Taken out, nothing is sent.
	o = r.apply(applicationSecretType, o, secret.with(attributes{"value": nil}), "", "")
	wantWrites(t, a)

	if r.destroy(o, "") != nil {
		t.Error("the destroyed secret is still in the state")
	}
	wantWrites(t, a, `DELETE applications/shop/secrets/STRIPE_KEY`)
}

func TestSecretGone(t *testing.T) {
	t.Parallel()
	a := vault("[]")
	r := newRPC(t, a)
	o := r.apply(applicationSecretType, nil, secret, "", "")
	a.fail("GET applications/shop/secrets", http.StatusForbidden, "no")
	r.refresh(o, `Cannot read secret "shop/STRIPE_KEY"`)
	a.say("GET applications/shop/secrets", "<html>")
	r.refresh(o, `Cannot read secret "shop/STRIPE_KEY"`)
	a.say("GET applications/shop/secrets", `["OTHER"]`)
	if r.refresh(o, "") != nil {
		t.Error("a secret that the list lacks stays in the state")
	}
	a.fail("GET applications/shop/secrets", http.StatusNotFound, "application shop not found")
	if r.refresh(o, "") != nil {
		t.Error("a secret without its application stays in the state")
	}
	a.fail("DELETE applications/shop/secrets/STRIPE_KEY", http.StatusNotFound, "application shop not found")
	if r.destroy(o, "") != nil {
		t.Error("a secret that is gone cannot be destroyed")
	}
}

func TestSecretCreateRefused(t *testing.T) {
	t.Parallel()
	a := vault(`["STRIPE_KEY"]`)
	r := newRPC(t, a)
	if r.apply(applicationSecretType, nil, secret, "", `exists already|to = dbos_application_secret.NAME|id = "shop/STRIPE_KEY"`) != nil {
		t.Error("somebody else's secret is in the state")
	}
	a.fail("GET applications/shop/secrets", http.StatusNotFound, "application shop not found")
	if r.apply(applicationSecretType, nil, secret, "", `Application "shop" does not exist|application_name`) != nil {
		t.Error("a secret of no application is in the state")
	}
	wantWrites(t, a)

	// The answer is lost: the secret may exist, and is kept without its value.
	a.say("GET applications/shop/secrets", `[]`)
	a.answer("POST applications/secrets", func(string) (int, string) { return http.StatusBadGateway, "<html>" })
	o := r.apply(applicationSecretType, nil, secret, "", `Cannot determine whether secret "shop/STRIPE_KEY" exists|terraform untaint dbos_application_secret.NAME`)
	r.check(o.value, attributes{"id": "shop/STRIPE_KEY", "value": nil})
}

func TestSecretImport(t *testing.T) {
	t.Parallel()
	a := vault(`["STRIPE_KEY"]`)
	r := newRPC(t, a)
	for _, id := range []string{"shop", "shop/", "/STRIPE_KEY", "shop/a/b", "", "shop/DBOS_DATABASE_URL"} {
		r.imported(applicationSecretType, id, "Invalid import id|APP/NAME")
	}
	o := r.imported(applicationSecretType, "shop/STRIPE_KEY", "")
	r.check(o.value, attributes{"id": "shop/STRIPE_KEY", "application_name": "shop", "name": "STRIPE_KEY", "value": nil})
	r.unchanged(o, secret.with(attributes{"value": nil}))
	r.apply(applicationSecretType, o, secret, `WARNING: The value of secret "shop/STRIPE_KEY" will be set`, "")
	wantWrites(t, a, set("hush"))
	if r.imported(applicationSecretType, "shop/OTHER", "") != nil {
		t.Error("what does not exist was imported")
	}
}
