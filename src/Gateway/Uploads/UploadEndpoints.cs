using Gateway.Access;
using Gateway.Http;
using Gateway.Operations.Document;
using Gateway.Resources;
using Microsoft.AspNetCore.Mvc;
using static Gateway.Http.ProblemType;

namespace Gateway.Uploads;

/// <summary>The paths of uploads in several requests, which begin with a PUT or POST of a resource.</summary>
internal static class UploadEndpoints
{
    public static void MapUploads(this IEndpointRouteBuilder app)
    {
        var uploads = app.MapGroup("/uploads").WithTags("Resources").RequireKeys();
        uploads.MapGet("/{token}", UploadHandling.ShowAsync).WithName("GetUpload").Sends([200], Standing)
            .Fails(NotFound, StoreReadOnly, ClusterUnavailable, StoreFull);
        uploads.MapMethods("/{token}", Methods.Head, UploadHandling.ShowHeadAsync).WithName("GetUploadHead").Sends([204], Standing)
            .Fails(NotFound, UploadProtocol, StoreReadOnly, ClusterUnavailable, StoreFull);
        uploads.MapPatch("/{token}", UploadHandling.AppendAsync).WithName("AppendUpload")
            .WithMetadata(new DisableRequestSizeLimitAttribute())
            .Takes<PartParameters>().Takes<DigestParameters>().Takes<DigestWishParameters>()
            .TakesBytes(
                "The bytes from the offset on; none when only the end is to be said.", UploadFields.PartialUpload, isRequired: false)
            .Produces<ResourceSummary>(200).Produces<ResourceSummary>(201).Produces<ResourceSummary>(202).Produces(204)
            .Sends(
                [200, 201, 202], AnswerField.Location, AnswerField.EntityTag, AnswerField.ReprDigest, AnswerField.LegacyDigest,
                AnswerField.JobLink)
            .Sends([200, 201, 202, 204, 400, 408, 409, 413, 460, 507], Standing).Sends(
                [415], AnswerField.AcceptEncoding, AnswerField.AcceptPatch)
            .Fails(
                InvalidParameter, InvalidDigest, DigestMismatch, IncompleteBody, CompletedUpload, InconsistentUploadLength, NotFound,
                Conflict, NameTaken,
                PreconditionFailed, UploadProtocol, ChecksumMismatch, MismatchingUploadOffset, RequestTimeout, TooLarge,
                UnsupportedMedia, StoreReadOnly,
                ClusterUnavailable,
                StoreFull);
        uploads.MapDelete("/{token}", UploadHandling.CancelAsync).WithName("CancelUpload").Fails(NotFound, UploadProtocol);
    }

    private static readonly AnswerField[] Standing =
        [AnswerField.UploadOffset, AnswerField.UploadComplete, AnswerField.UploadLength, AnswerField.UploadLimit];
}
