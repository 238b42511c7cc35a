using System.Collections.Immutable;

namespace Gateway.Http;

/// <summary>A kind of error, whose name never changes.</summary>
/// <param name="Name">The last part of its URI, <c>/problems/{name}</c>, which the gateway answers with this description.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Title">What it is, in a few words.</param>
/// <param name="IsRetryable">Whether the same request may succeed later without anybody changing anything.</param>
/// <param name="IsRegistered">Whether it is one of IANA's HTTP problem types, whose URI is theirs.</param>
internal sealed record ProblemType(string Name, int Status, string Title, bool IsRetryable = false, bool IsRegistered = false)
{
    public static readonly ProblemType InvalidResourceId = new("invalid-resource-id", 400, "The resource id is no unsigned 64-bit number");
    public static readonly ProblemType InvalidParameter = new("invalid-parameter", 400, "A parameter or header field is wrong");
    public static readonly ProblemType InvalidPath = new("invalid-path", 400, "The path can be no name");
    public static readonly ProblemType InvalidDigest = new("invalid-digest", 400, "A digest field cannot be read or checked");
    public static readonly ProblemType DigestMismatch = new("digest-mismatch", 400, "The bytes do not have the announced digest");
    public static readonly ProblemType PartialPut = new("partial-put", 400, "Content-Range has no meaning in an upload");
    public static readonly ProblemType IncompleteBody = new("incomplete-body", 400, "The body ended early or was malformed", true);
    public static readonly ProblemType CompletedUpload = new("completed-upload", 400, "The upload is complete already", IsRegistered: true);
    public static readonly ProblemType InconsistentUploadLength =
        new("inconsistent-upload-length", 400, "The request contradicts the length that the upload was said to have", IsRegistered: true);
    public static readonly ProblemType BadRequest = new("bad-request", 400, "The request is wrong");
    public static readonly ProblemType Unauthorized = new("unauthorized", 401, "A key is needed");
    public static readonly ProblemType CrossSite = new("cross-site", 403, "A page of another origin may not do this");
    public static readonly ProblemType ServiceWorker = new("service-worker", 403, "Stored bytes are not served as service workers");
    public static readonly ProblemType NodesOnly = new("nodes-only", 403, "Only a node of the cluster may do this");
    public static readonly ProblemType NotFound = new("not-found", 404, "There is no such thing");
    public static readonly ProblemType MethodNotAllowed = new("method-not-allowed", 405, "The method is not for this path");
    public static readonly ProblemType RequestTimeout = new("request-timeout", 408, "The request came too slowly", true);
    public static readonly ProblemType Conflict = new("conflict", 409, "Somebody else changed the resource at the same time", true);
    public static readonly ProblemType NameTaken = new("name-taken", 409, "Another name has the same id");
    public static readonly ProblemType MismatchingUploadOffset =
        new("mismatching-upload-offset", 409, "The upload does not stand at the offset of the request", IsRegistered: true);
    public static readonly ProblemType TooManyServers = new("too-many-servers", 409, "No more servers can be added");
    public static readonly ProblemType TooManyLinks = new("too-many-links", 409, "No more links can be made");
    public static readonly ProblemType DrainRefused = new("drain-refused", 409, "Too few nodes would be left");
    public static readonly ProblemType DeploymentRefused =
        new("deployment-refused", 409, "The deployment cannot be made as it was asked for");
    public static readonly ProblemType ArchiveRefused = new("archive-refused", 409, "The archive cannot be changed as it was asked for");
    public static readonly ProblemType CodingRefused = new("coding-refused", 409, "The program cannot be run under this name");
    public static readonly ProblemType CodingFailed = new("coding-failed", 409, "The program did not come to its end", true);
    public static readonly ProblemType AskTheNode = new("ask-the-node", 409, "Only the node itself can be asked for this");
    public static readonly ProblemType Gone = new("gone", 410, "The resource was deleted");
    public static readonly ProblemType LinkEnded = new("link-ended", 410, "The link has ended");
    public static readonly ProblemType PreconditionFailed = new("precondition-failed", 412, "A precondition of the request does not hold");
    public static readonly ProblemType UploadProtocol = new("unsupported-upload-protocol", 412, "Uploads of this protocol are not taken");
    public static readonly ProblemType TooLarge = new("too-large", 413, "The body is larger than permitted");
    public static readonly ProblemType UnsupportedMedia = new("unsupported-media", 415, "Bodies of this form are not taken");
    public static readonly ProblemType RangeNotSatisfiable = new("range-not-satisfiable", 416, "The range lies outside the resource");
    public static readonly ProblemType Misdirected = new("misdirected", 421, "The host name of the request is none of this gateway's");
    public static readonly ProblemType TooManyRequests = new("too-many-requests", 429, "Too many requests from this address", true);
    public static readonly ProblemType ChecksumMismatch = new(
        "checksum-mismatch", 460, "The bytes of a part do not have its checksum (tus)");
    public static readonly ProblemType Internal = new("internal-error", 500, "The gateway failed", true);
    public static readonly ProblemType UnknownTransferCoding = new("unknown-transfer-coding", 501, "A transfer coding is not understood");
    public static readonly ProblemType IntegrityFailure = new("integrity-failure", 502, "No honest server is left", true);
    public static readonly ProblemType Overloaded = new("overloaded", 503, "The gateway or the servers are at their limits", true);
    public static readonly ProblemType Unavailable = new("unavailable", 503, "The gateway is starting or ending", true);
    public static readonly ProblemType StoreReadOnly = new(
        "store-read-only", 503, "The store's disk fails: nothing is taken in just now", true);
    public static readonly ProblemType ClusterUnavailable = new(
        "cluster-unavailable", 503, "etcd, or other nodes that have to be asked, cannot be reached", true);
    public static readonly ProblemType NotCached = new("not-cached", 504, "Not here, and the request forbids to ask the rain");
    public static readonly ProblemType PiecesMissing = new("pieces-missing", 504, "Too few pieces of the resource can be had", true);
    public static readonly ProblemType RetrievalTimeout = new("retrieval-timeout", 504, "The servers were silent", true);
    public static readonly ProblemType StoreFull = new("store-full", 507, "The store has no room", true);

    /// <summary>Every kind.</summary>
    public static ImmutableArray<ProblemType> All { get; } =
    [
        InvalidResourceId, InvalidParameter, InvalidPath, InvalidDigest, DigestMismatch, PartialPut, IncompleteBody,
        CompletedUpload, InconsistentUploadLength, BadRequest, Unauthorized, CrossSite, ServiceWorker, NodesOnly, NotFound,
        MethodNotAllowed, RequestTimeout, Conflict, NameTaken, MismatchingUploadOffset, TooManyServers, TooManyLinks, DrainRefused,
        DeploymentRefused, ArchiveRefused, CodingRefused, CodingFailed, AskTheNode, Gone, LinkEnded, PreconditionFailed, UploadProtocol,
        TooLarge, UnsupportedMedia, RangeNotSatisfiable, Misdirected, TooManyRequests, ChecksumMismatch, Internal, UnknownTransferCoding,
        IntegrityFailure, Overloaded, Unavailable, ClusterUnavailable, StoreReadOnly, NotCached, PiecesMissing, RetrievalTimeout,
        StoreFull,
    ];

    /// <summary>The stable URI of the kind.</summary>
    public string Uri => IsRegistered ? $"https://iana.org/assignments/http-problem-types#{Name}" : $"/problems/{Name}";

    /// <summary>The kind that tells of a bare status best.</summary>
    public static ProblemType OfStatus(int status) => status switch
    {
        401 => Unauthorized,
        404 => NotFound,
        405 => MethodNotAllowed,
        408 => RequestTimeout,
        413 => TooLarge,
        415 => UnsupportedMedia,
        429 => TooManyRequests,
        503 => Overloaded,
        >= 400 and < 500 => BadRequest,
        _ => Internal,
    };
}
