// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// judge turns the outcome of one attempt into an error, or nil.
func (p *policy) judge(resp *http.Response, err error) *Error {
	if err != nil {
		return p.noAnswer(err)
	}
	body, readErr := io.ReadAll(resp.Body)
	e := &Error{Method: p.request.method, Path: p.path, Status: resp.StatusCode, RequestID: resp.Header.Get("X-Request-Id")}
	shown := p.secretsOf(resp)
	switch {
	case resp.StatusCode/100 == 2 && readErr == nil:
		err := p.accept(resp, body)
		if err == nil {
			return nil
		}
		e.Message, e.err = shown.hide(describe(resp, body, err)), errUnreadable
	case resp.StatusCode/100 == 2:
		e.Message, e.err = shown.hide(describe(resp, body, readErr)), errUnreadable
	case resp.StatusCode/100 == 3:
		e.Message = describeRedirect(resp)
	default:
		p.refused(e, resp, body, shown)
	}
	e.retryAfter = retryAfter(resp.Header.Get("Retry-After"))
	e.unknown = p.request.kind >= harmless && !e.notFound && outcomeUnknown(e.Status)
	return e
}

var errUnreadable = errors.New("unreadable answer")

// outcomeUnknown: nothing but a refusal of the API proves that a write was not carried out.
func outcomeUnknown(status int) bool {
	return status < 400 || status >= 500 || status == http.StatusRequestTimeout
}

// accept decodes an answer. Where none is expected, anything but a page for people will do.
func (p *policy) accept(resp *http.Response, body []byte) error {
	if p.decode != nil {
		return p.decode(body)
	}
	if isHTML(resp, body) {
		return errUnreadable
	}
	return nil
}

// refused reads the API's own error, or describes what came in its place.
func (p *policy) refused(e *Error, resp *http.Response, body []byte, shown secrets) {
	var own struct {
		Message       string          `json:"message"`
		StatusCode    json.RawMessage `json:"statusCode"`
		RequestID     string          `json:"requestID"`
		DetailedError string
	}
	if err := json.Unmarshal(body, &own); err != nil || own.Message == "" {
		e.Message = shown.hide(describe(resp, body, err))
		return
	}
	e.own = true
	e.Message, e.Detail = shown.hide(oneLine(own.Message)), shown.hide(own.DetailedError)
	if own.RequestID != "" {
		e.RequestID = oneLine(own.RequestID)
	}
	signed := own.StatusCode != nil || own.RequestID != ""
	e.notFound = p.request.object != "" && saysNotFound(e.Status, own.Message, p.request.object, signed)
}

var (
	absent = regexp.MustCompile(`(?i)\bnot found\b|\bdoes not exist\b|\bdoesn't exist\b|\bno such\b`)
	// elsewhere are the objects that the path goes through, and the words of a router that knows no such path.
	elsewhere = regexp.MustCompile(`(?i)\b(organization|organisation|user|route|endpoint|path|page)\b|^cannot [A-Z]+ /`)
)

// saysNotFound reports whether a refusal says that the very object does not exist. signed is an answer with one of the
// API's further fields, which a gateway's bare {"message":"Not Found"} lacks.
func saysNotFound(status int, message, object string, signed bool) bool {
	if status == http.StatusUnauthorized || status == http.StatusForbidden {
		return false
	}
	named := strings.Contains(message, object)
	if status == http.StatusNotFound {
		return named && !elsewhere.MatchString(message) || absent.MatchString(message) && named ||
			signed && !elsewhere.MatchString(message)
	}
	return named && absent.MatchString(message)
}

// noAnswer is the error of an attempt that brought no answer.
func (p *policy) noAnswer(err error) *Error {
	e := &Error{Method: p.request.method, Path: p.path}
	// The URL error's own text holds the whole address.
	var addressed *url.Error
	if errors.As(err, &addressed) {
		err = addressed.Err
	}
	e.unknown = p.request.kind >= harmless
	var f *failure
	if errors.As(err, &f) {
		err, e.unknown = f.err, e.unknown && f.sent
	}
	e.Message, e.err, e.final = secrets(p.request.secrets).hide(oneLine(err.Error())), err, isFinal(err)
	return e
}

// isFinal reports whether no repetition would help: the host does not exist, or is not the one that it should be.
func isFinal(err error) bool {
	var (
		dns       *net.DNSError
		untrusted *tls.CertificateVerificationError
		authority x509.UnknownAuthorityError
		record    tls.RecordHeaderError
		proxy     *proxyError
		login     *loginError
	)
	return errors.As(err, &dns) && dns.IsNotFound || errors.As(err, &untrusted) || errors.As(err, &authority) ||
		errors.As(err, &record) || errors.Is(err, http.ErrSchemeMismatch) || errors.As(err, &proxy) && proxy.final ||
		errors.As(err, &login) && !login.temporary
}

func isHTML(resp *http.Response, body []byte) bool {
	return strings.Contains(resp.Header.Get("Content-Type"), "html") || bytes.HasPrefix(bytes.TrimSpace(body), []byte("<"))
}

// describe says what came in the place of the JSON that was expected.
func describe(resp *http.Response, body []byte, err error) string {
	var (
		wrongType *json.UnmarshalTypeError
		syntax    *json.SyntaxError
	)
	what := "something that is not JSON"
	switch {
	case errors.Is(err, errTooLarge):
		what = "with " + errTooLarge.Error() + ", of which nothing was used"
	case len(bytes.TrimSpace(body)) == 0 && err == nil || len(body) == 0:
		return "with an empty body"
	case isHTML(resp, body):
		what = "with a page of HTML in the place of JSON"
	case errors.As(err, &wrongType):
		what = fmt.Sprintf("with JSON of an unexpected form (%s in %q)", strings.Fields(wrongType.Value)[0], wrongType.Field)
	case errors.As(err, &syntax) && strings.Contains(syntax.Error(), "unexpected end"), errors.Is(err, io.ErrUnexpectedEOF):
		what = "with JSON that is cut off"
	case err != nil && !errors.As(err, &syntax):
		what = "with JSON that cannot be used: " + err.Error()
	case err == nil:
		what = "with JSON without a message"
	}
	return what + ": " + strconv.Quote(oneLine(string(body)))
}

func describeRedirect(resp *http.Response) string {
	target, err := resp.Location()
	if err != nil {
		return "with a redirect that leads nowhere"
	}
	return fmt.Sprintf("with a redirect to %s, which is not followed", target.Host)
}

// retryAfter reads the header of that name, in seconds or as a date. 0 is none.
func retryAfter(header string) time.Duration {
	if seconds, err := strconv.ParseUint(strings.TrimSpace(header), 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(seconds, 365*24*60*60)) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}
