using Gateway.Access;
using Gateway.Operations;
using Gateway.Resources;
using Microsoft.AspNetCore.Mvc;

namespace Gateway.Uploads;

/// <summary>The paths of uploads in several requests, which begin with a PUT or POST of a resource.</summary>
internal static class UploadEndpoints
{
    public static void MapUploads(this IEndpointRouteBuilder app)
    {
        var uploads = app.MapGroup("/uploads").WithTags("Resources").RequireKeys();
        uploads.MapRead("/{token}", UploadHandling.ShowAsync).WithName("GetUpload").Answers<UploadView>(200, 401, 404)
            .Describe("Shows where an upload stands", "HEAD answers 204 with the same fields. A PATCH that is under way is ended: its client is thought to be gone.");
        uploads.MapPatch("/{token}", UploadHandling.AppendAsync).WithName("AppendUpload")
            .WithMetadata(new DisableRequestSizeLimitAttribute()).DescribesPartTaken()
            .Answers(204).Answers<ResourceSummary>([200, 201, 202], 400, 401, 404, 409, 413, 415, 507)
            .Describe(
                "Sends more of an upload",
                "With Upload-Complete: ?0 the answer is 204; with ?1 it is that of the PUT or POST which began the upload. "
                + "Whatever arrived before a connection broke is kept.");
        uploads.MapDelete("/{token}", UploadHandling.CancelAsync).WithName("CancelUpload").Answers(204, 401, 404)
            .Describe("Cancels an upload", "What came is removed.");
    }
}
