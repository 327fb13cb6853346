// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/redact"
)

// describe describes an answer that is not the expected JSON.
func describe(body []byte, err error) string {
	var (
		wrongType *json.UnmarshalTypeError
		syntax    *json.SyntaxError
		invalid   *invalidAnswer
	)
	errors.As(err, &wrongType)
	errors.As(err, &invalid)
	what := "with JSON without a message"
	switch {
	case errors.Is(err, errTooLarge):
		what = "with " + errTooLarge.Error() + ", none of which was used"
	case len(bytes.TrimSpace(body)) == 0 && (err == nil || errors.As(err, &syntax)):
		return "with an empty body"
	case isHTML(body):
		what = "with HTML instead of JSON"
	case wrongType != nil && wrongType.Field != "":
		what = fmt.Sprintf("with JSON in which %s is of a wrong type", redact.Line(wrongType.Field))
	case wrongType != nil:
		what = "with JSON of a wrong type"
	case invalid != nil:
		what = "with JSON that cannot be used, as " + redact.Line(invalid.Error())
	case errors.As(err, &syntax) && strings.HasPrefix(syntax.Error(), "unexpected end"), errors.Is(err, io.ErrUnexpectedEOF):
		what = "with JSON that is cut off"
	case errors.As(err, &syntax):
		what = "with something that is not JSON"
	case err != nil:
		what = "with a body that broke off (" + redact.Line(err.Error()) + ")"
	}
	if isCutOff(body, err) {
		return what + ": " + strconv.Quote(redact.CutLine(string(body)))
	}
	return what + ": " + strconv.Quote(redact.Line(string(body)))
}

// isCutOff reports whether the end of a body is missing. The error is of reading or of decoding the body.
func isCutOff(body []byte, err error) bool {
	var syntax *json.SyntaxError
	switch {
	case isHTML(body) && !bytes.HasSuffix(bytes.TrimSpace(body), []byte(">")):
		return true
	case errors.As(err, &syntax):
		return strings.HasPrefix(syntax.Error(), "unexpected end")
	}
	return err != nil && !errors.Is(err, errUnreadable) && !isWrongForm(err)
}

func describeRedirect(resp *http.Response) string {
	target, err := resp.Location()
	if err != nil {
		return "with a redirect that leads nowhere"
	}
	return fmt.Sprintf("with a redirect to %s, which is not followed", target.Host)
}
