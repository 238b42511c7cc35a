using Gateway.Access;
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
        uploads.MapRead("/{token}", UploadHandling.ShowAsync).WithName("GetUpload").Produces<UploadView>().Fails(NotFound);
        uploads.MapPatch("/{token}", UploadHandling.AppendAsync).WithName("AppendUpload").WithMetadata(new DisableRequestSizeLimitAttribute())
            .Takes<PartParameters>()
            .TakesBytes("The bytes from the offset on; none when only the end is to be said.", UploadFields.PartialUpload, isRequired: false)
            .Produces<ResourceSummary>(200).Produces<ResourceSummary>(201).Produces<ResourceSummary>(202).Produces(204)
            .Sends([200, 201, 202], AnswerField.Location, AnswerField.EntityTag, AnswerField.ReprDigest)
            .Fails(
                InvalidParameter, InvalidDigest, DigestMismatch, IncompleteBody, CompletedUpload, InconsistentUploadLength, NotFound, Conflict,
                MismatchingUploadOffset, TooLarge, UnsupportedMedia, StoreFull);
        uploads.MapDelete("/{token}", UploadHandling.CancelAsync).WithName("CancelUpload").Fails(NotFound);
    }
}
