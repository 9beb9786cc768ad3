"""A client of S3, enough to prepare and to look: signs by AWS's Signature Version 4. Written from
its description, apart from the program, so that an error of one shows at the other."""

import datetime
import hashlib
import hmac
import http.client
import ssl
import urllib.parse
import xml.etree.ElementTree


class Refused(Exception):
    def __init__(self, status, text):
        super().__init__(f"{status}: {text[:500]!r}")
        self.status, self.text = status, text


def quote(text):
    return urllib.parse.quote(text, safe="-._~")


class Client:
    def __init__(self, url, key_id, secret, region="us-east-1", ca=None):
        self.url, self.key_id, self.secret, self.region = url.rstrip("/"), key_id, secret, region
        self.ca, self.host = ca, urllib.parse.urlsplit(url).netloc

    def sign(self, method, path, query, headers, body_hash, now):
        day, scope = now[:8], f"{now[:8]}/{self.region}/s3/aws4_request"
        names = ";".join(sorted(headers))
        canonical = "\n".join([
            method, path, "&".join(f"{quote(k)}={quote(v)}" for k, v in sorted(query.items())),
            *(f"{name}:{headers[name]}" for name in sorted(headers)), "", names, body_hash])
        text = "\n".join(["AWS4-HMAC-SHA256", now, scope,
                          hashlib.sha256(canonical.encode()).hexdigest()])
        key = f"AWS4{self.secret}".encode()
        for word in (day, self.region, "s3", "aws4_request", text):
            key = hmac.new(key, word.encode(), hashlib.sha256).digest()
        return scope, names, key.hex()

    def ask(self, method, name, query=None, body=b"", headers=None):
        """`name`: bucket or bucket/key. Body of the answer, its headers in lower case."""
        query = query or {}
        now = datetime.datetime.utcnow().strftime("%Y%m%dT%H%M%SZ")
        path = "/" + urllib.parse.quote(name, safe="/-._~")
        signed = {"host": self.host, "x-amz-date": now, "x-amz-content-sha256": "UNSIGNED-PAYLOAD"}
        scope, names, mark = self.sign(method, path, query, signed, "UNSIGNED-PAYLOAD", now)
        signed["authorization"] = (f"AWS4-HMAC-SHA256 Credential={self.key_id}/{scope}, "
                                   f"SignedHeaders={names}, Signature={mark}")
        where = urllib.parse.urlsplit(self.url)
        if where.scheme == "https":
            context = ssl.create_default_context(cafile=self.ca and str(self.ca.ca))
            line = http.client.HTTPSConnection(where.hostname, where.port, context=context)
        else:
            line = http.client.HTTPConnection(where.hostname, where.port)
        line.timeout = 60
        asked = "&".join(f"{quote(k)}={quote(v)}" for k, v in sorted(query.items()))
        try:
            line.request(method, path + ("?" + asked if asked else ""), body,
                         {**signed, **(headers or {})})
            answer = line.getresponse()
            text = answer.read()
        finally:
            line.close()
        if answer.status >= 300:
            raise Refused(answer.status, text)
        return text, {k.lower(): v for k, v in answer.getheaders()}

    def rows(self, name, query, tag):
        """Of all pages of a list: a dictionary per element `tag`."""
        found, query = [], dict(query)
        while True:
            tree = xml.etree.ElementTree.fromstring(self.ask("GET", name, query)[0])
            for node in tree.iter():
                node.tag = node.tag.rpartition("}")[2]
            rows = [{leaf.tag: leaf.text or "" for leaf in row} for row in tree.iter(tag)]
            if tree.findtext("EncodingType") == "url":
                rows = [row | {"Key": urllib.parse.unquote_plus(row["Key"])} for row in rows]
            found += rows
            if tree.findtext("IsTruncated") != "true":
                return found
            for here, there in (("NextContinuationToken", "continuation-token"),
                                ("NextPartNumberMarker", "part-number-marker"),
                                ("NextKeyMarker", "key-marker"),
                                ("NextUploadIdMarker", "upload-id-marker")):
                if tree.findtext(here):
                    query[there] = tree.findtext(here)

    def make_bucket(self, bucket):
        self.ask("PUT", bucket)

    def put(self, name, body, headers=None):
        self.ask("PUT", name, body=body, headers=headers)

    def get(self, name):
        return self.ask("GET", name)[0]

    def head(self, name):
        return self.ask("HEAD", name)[1]

    def delete(self, name):
        self.ask("DELETE", name)

    def list(self, bucket, prefix=""):
        """Key -> size."""
        query = {"list-type": "2", "prefix": prefix, "encoding-type": "url"}
        return {row["Key"]: int(row["Size"]) for row in self.rows(bucket, query, "Contents")}

    def uploads(self, bucket):
        """Begun uploads in parts: (key, id)."""
        return [(row["Key"], row["UploadId"])
                for row in self.rows(bucket, {"uploads": ""}, "Upload")]

    def begin(self, name):
        tree = xml.etree.ElementTree.fromstring(self.ask("POST", name, {"uploads": ""})[0])
        return next(node.text for node in tree.iter() if node.tag.endswith("UploadId"))

    def part(self, name, upload, number, body):
        query = {"partNumber": str(number), "uploadId": upload}
        return self.ask("PUT", name, query, body)[1]["etag"]

    def parts(self, name, upload):
        rows = self.rows(name, {"uploadId": upload}, "Part")
        return {int(row["PartNumber"]): int(row["Size"]) for row in rows}

    def abort(self, name, upload):
        self.ask("DELETE", name, {"uploadId": upload})
