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
        uploads.MapRead("/{token}", UploadHandling.ShowAsync).WithName("GetUpload").Answers<UploadView>(200, 404).Says(200, "Where it stands.")
            .Describe("Shows where an upload stands", "HEAD answers 204 with the same fields. A PATCH that is under way is ended: its client is thought to be gone.");
        uploads.MapPatch("/{token}", UploadHandling.AppendAsync).WithName("AppendUpload")
            .WithMetadata(new DisableRequestSizeLimitAttribute()).DescribesPartTaken()
            .Answers(204).Answers<ResourceSummary>([200, 201, 202], 400, 404, 409, 413, 415, 507)
            .Says(204, "What came is kept; more may follow.")
            .Says(200, ResourceEndpoints.Replaced).Says(201, ResourceEndpoints.IsNew).Says(202, ResourceEndpoints.FewerReplicas)
            .Describe(
                "Sends more of an upload",
                "With Upload-Complete: ?0 the answer is 204; with ?1 it is that of the PUT or POST which began the upload. "
                + "Whatever arrived before a connection broke is kept.");
        uploads.MapDelete("/{token}", UploadHandling.CancelAsync).WithName("CancelUpload").Answers(204, 404).Says(204, "It is gone.")
            .Describe("Cancels an upload", "What came is removed.");
    }
}
