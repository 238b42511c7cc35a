using Gateway.Access;
using Gateway.Http;
using Gateway.Operations.Document;
using Gateway.Resources;
using Gateway.Uploads;
using Microsoft.AspNetCore.Mvc;
using static Gateway.Http.ProblemType;

namespace Gateway.Files;

/// <summary>The paths of names.</summary>
internal static class FileEndpoints
{
    public static void MapFiles(this IEndpointRouteBuilder app)
    {
        var files = app.MapGroup(FilePath.Root).WithTags("Files").RequireKeys();
        files.MapMethods("/", Methods.Read, FolderReading.ListRootAsync).WithName("ListFiles").Takes<FolderParameters>()
            .Produces<FolderView>(200).OrProducesPage(200).Fails(InvalidParameter, InvalidPath, StoreReadOnly);
        files.MapGet("/{**path}", FileReading.GetAsync).WithName("GetFile").AnswersDownload().Takes<FolderParameters>()
            .OrProduces<FolderView>(200).Fails(InvalidParameter, InvalidPath);
        files.MapMethods("/{**path}", Methods.Head, FileReading.HeadAsync).WithName("GetFileHead").AnswersDownloadHead()
            .Fails(InvalidParameter, InvalidPath);
        files.MapPut("/{**path}", FileWriting.PutAsync).WithName("PutFile").TakesUpload().Takes<ConditionParameters>()
            .Answers<ResourceSummary>()
            .Fails([.. ResourceEndpoints.FailuresOfUploads, InvalidPath, Conflict, NameTaken, PreconditionFailed]);
        files.MapDelete("/{**path}", FileReading.DeleteAsync).WithName("DeleteFile").Takes<ConditionParameters>()
            .Fails(
                InvalidPath, NotFound, Conflict, PreconditionFailed, IntegrityFailure, Overloaded, StoreReadOnly, ClusterUnavailable,
                RetrievalTimeout, StoreFull);
        files.MapPost("/{**path}", FileWriting.PostAsync).WithName("PostFile").WithMetadata(new DisableRequestSizeLimitAttribute())
            .Takes<CopyParameters>().Takes<ConditionParameters>().Takes<UploadParameters>()
            .TakesBytes("The form, of a folder; a file takes no body.", "multipart/form-data", isRequired: false)
            .Produces<FormAnswer>(200).Produces<FormAnswer>(201).OrProduces<ResourceSummary>(200).OrProduces<ResourceSummary>(201)
            .OrProduces<UploadView>(201).Produces<ResourceSummary>(202).Produces(303).SendsFieldsOfUploads()
            .Sends([303], AnswerField.Location)
            .Fails(
                [.. ResourceEndpoints.FailuresOfUploads, InvalidPath, ChecksumMismatch, NotFound, Gone, Conflict, NameTaken,
                PreconditionFailed, IntegrityFailure, RetrievalTimeout]);
    }
}
