using Gateway.Operations.Document;
using Microsoft.AspNetCore.Mvc;

namespace Gateway.Http;

/// <summary>The digests that a request may wish for, as <see cref="DigestFields"/> reads them.</summary>
internal delegate void DigestWishParameters(
    [FromHeader(Name = "Want-Repr-Digest"), Meaning("Digests to send along, by preference.", "sha-256=1")]
    string? wantReprDigest,
    [FromHeader(Name = "Want-Digest"), Meaning("The same of before RFC 9530; answered by a Digest field.", "SHA-256")]
    string? wantDigest);
