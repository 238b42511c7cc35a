using System.Net.Mime;
using Gateway.Access;
using Gateway.Http;
using Gateway.Operations.Document;
using Gateway.Uploads;
using Microsoft.AspNetCore.Mvc;
using static Gateway.Http.ProblemType;

namespace Gateway.Resources;

/// <summary>The paths of resources, and those of the 2012 front.</summary>
internal static class ResourceEndpoints
{
    /// <summary>Anything at the top but the names of the gateway's own paths, so that their methods stay theirs.</summary>
    private const string ClassicPath =
        "/{id:regex(^(?!(resources|files|links|s|uploads|servers|subscribers|transfers|nodes|cluster|deployments|archive|blocks|coding|"
        + "store|settings|metrics|swagger|openapi|health|problems)$))}";

    public static void MapResources(this IEndpointRouteBuilder app)
    {
        var resources = app.MapGroup("/resources").WithTags("Resources").RequireKeys();
        resources.MapMethods("/", Methods.Read, ResourceManagement.List).WithName("ListResources").Takes<ListParameters>()
            .Fails(InvalidResourceId, InvalidParameter);
        resources.MapPost("/", ResourceWriting.PostAsync).WithName("PostResource").TakesUpload()
            .Answers<ResourceSummary>().Fails([.. FailuresOfUploads, PreconditionFailed, ChecksumMismatch]);
        resources.MapGet("/{id}", ResourceReading.GetAsync).WithName("GetResource").AnswersDownload()
            .Fails(InvalidResourceId);
        resources.MapMethods("/{id}", Methods.Head, ResourceReading.HeadAsync).WithName("GetResourceHead").AnswersDownloadHead()
            .Fails(InvalidResourceId);
        resources.MapPut("/{id}", ResourceWriting.PutAsync).WithName("PutResource").TakesUpload().Takes<ConditionParameters>()
            .Answers<ResourceSummary>()
            .Fails([.. FailuresOfUploads, InvalidResourceId, Conflict, PreconditionFailed]);
        resources.MapDelete("/{id}", ResourceManagement.DeleteAsync).WithName("DeleteResource").Takes<ConditionParameters>()
            .Fails(
                InvalidResourceId, NotFound, PreconditionFailed, IntegrityFailure, Overloaded, StoreReadOnly, ClusterUnavailable,
                RetrievalTimeout, StoreFull);
        resources.MapMethods("/{id}/manifest", Methods.Read, ResourceManagement.GetManifestAsync).WithName("GetManifest")
            .Sends([200], AnswerField.EntityTag)
            .Fails(InvalidResourceId, NotFound, Gone, IntegrityFailure, Overloaded, RetrievalTimeout, StoreFull);
        resources.MapPost("/{id}/propagate", ResourceManagement.PropagateAsync).WithName("PropagateResource").Takes<ReplicaParameters>()
            .Sends([202], AnswerField.Location).Fails(InvalidResourceId, InvalidParameter, NotFound, StoreReadOnly, StoreFull);
        resources.MapPost("/{id}/prefetch", ResourceManagement.Prefetch).WithName("PrefetchResource")
            .Sends([202], AnswerField.Location).Fails(InvalidResourceId);
    }

    /// <summary>The 2012 front took ids at the top: the same reading and writing, with its answer to an upload.</summary>
    public static void MapClassicPaths(this IEndpointRouteBuilder app)
    {
        var classic = app.MapGroup("").WithTags("2012").RequireKeys();
        classic.MapGet(ClassicPath, ResourceReading.GetClassicAsync).WithName("GetClassic").AnswersDownload().Fails(InvalidResourceId);
        classic.MapMethods(ClassicPath, Methods.Head, ResourceReading.HeadClassicAsync).WithName("GetClassicHead").AnswersDownloadHead()
            .Fails(InvalidResourceId);
        classic.MapPut(ClassicPath, ResourceWriting.PutClassicAsync).WithName("PutClassic").TakesUpload().Takes<ConditionParameters>()
            .AnswersAsIn2012()
            .Fails([.. FailuresOfUploads, InvalidResourceId, Conflict, PreconditionFailed]);
    }

    public static readonly ProblemType[] FailuresOfUploads =
    [
        InvalidParameter, InvalidDigest, DigestMismatch, PartialPut, IncompleteBody, InconsistentUploadLength, RequestTimeout, TooLarge,
        UnsupportedMedia, UploadProtocol, Overloaded, StoreReadOnly, ClusterUnavailable, StoreFull,
    ];

    private static readonly AnswerField[] FieldsOfDownloads =
    [
        AnswerField.EntityTag, AnswerField.LastModified, AnswerField.AcceptRanges, AnswerField.ReprDigest, AnswerField.CacheStatus,
        AnswerField.ServerTiming, AnswerField.Disposition, AnswerField.CacheControl, AnswerField.LegacyDigest,
    ];

    private static readonly AnswerField[] Validators = [AnswerField.EntityTag, AnswerField.LastModified];

    /// <summary>Bodies of uploads are bounded by the gateway's own limit, not by the server's.</summary>
    public static RouteHandlerBuilder TakesUpload(this RouteHandlerBuilder endpoint) =>
        endpoint.WithMetadata(new DisableRequestSizeLimitAttribute()).Takes<UploadParameters>().Takes<ReplicaParameters>()
            .Takes<DigestParameters>().Takes<DigestWishParameters>().TakesBytes("The bytes as they are to be kept, of any media type.");

    public static RouteHandlerBuilder Answers<T>(this RouteHandlerBuilder endpoint) =>
        endpoint.Produces<T>(200).Produces<T>(201).Produces<T>(202).OrProduces<UploadView>(201).SendsFieldsOfUploads();

    /// <summary>201 is that of an upload in several requests alone.</summary>
    private static RouteHandlerBuilder AnswersAsIn2012(this RouteHandlerBuilder endpoint) =>
        endpoint.Produces<ClassicAnswer>(200).Produces<ClassicAnswer>(202).Produces<UploadView>(201).SendsFieldsOfUploads();

    public static RouteHandlerBuilder SendsFieldsOfUploads(this RouteHandlerBuilder endpoint) =>
        endpoint.Sends(
                [200, 201, 202], AnswerField.Location, AnswerField.EntityTag, AnswerField.ReprDigest, AnswerField.LegacyDigest,
                AnswerField.UploadComplete, AnswerField.JobLink)
            .Sends([201], AnswerField.UploadOffset, AnswerField.UploadLength, AnswerField.UploadLimit)
            .Sends([415], AnswerField.AcceptEncoding);

    public static RouteHandlerBuilder AnswersDownload(this RouteHandlerBuilder endpoint) =>
        endpoint.Takes<ReadParameters>().Takes<RangeParameters>().Takes<ConditionParameters>().Takes<DigestWishParameters>()
            .Produces<Stream>(200, MediaTypeNames.Application.Octet).Produces<Stream>(206, MediaTypeNames.Application.Octet).Produces(304)
            .Sends([200], FieldsOfDownloads).Sends([206], [AnswerField.ContentRange, .. FieldsOfDownloads])
            .Sends([304], [.. Validators, AnswerField.CacheControl]).Sends([412, 416], Validators).Sends([416], AnswerField.ContentRange)
            .Fails([.. FailuresOfDownloads, RangeNotSatisfiable]);

    public static RouteHandlerBuilder AnswersDownloadHead(this RouteHandlerBuilder endpoint) =>
        endpoint.Takes<ReadParameters>().Takes<ConditionParameters>().Takes<DigestWishParameters>()
            .Produces(200).Produces(304)
            .Sends([200], FieldsOfDownloads).Sends([304], [.. Validators, AnswerField.CacheControl])
            .Sends([412], Validators).Fails(FailuresOfDownloads);

    private static readonly ProblemType[] FailuresOfDownloads =
    [
        ServiceWorker, NotFound, Gone, PreconditionFailed, IntegrityFailure, Overloaded, StoreReadOnly, NotCached, PiecesMissing,
        RetrievalTimeout, StoreFull,
    ];
}
