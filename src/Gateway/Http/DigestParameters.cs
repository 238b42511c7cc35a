using Gateway.Operations.Document;
using Microsoft.AspNetCore.Mvc;

namespace Gateway.Http;

/// <summary>The digests that an upload may announce, as <see cref="DigestFields"/> reads them.</summary>
internal delegate void DigestParameters(
    [FromHeader(Name = "Content-Digest")]
    [Meaning("The digest of the body; when the bytes have another, 400 and nothing is stored.", MeaningAttribute.Digest)]
    string? contentDigest,
    [FromHeader(Name = "Repr-Digest"), Meaning("The digest of the whole resource.", MeaningAttribute.Digest)]
    string? reprDigest);
