using Gateway.Configuration;
using Gateway.Hosting;
using Gateway.Http;
using Gateway.Operations.Document;
using Gateway.Resources;
using Gateway.Uploads;
using MurkyWaters;
using MurkyWaters.Cluster;
using PouringRain.Protocol.Naming;

namespace Gateway.Files;

/// <summary>PUT by name, as of the resource that has the name's id; and POST: a form into a folder, or a file's copy or move.</summary>
internal static class FileWriting
{
    /// <summary>Uploads a file under a name</summary>
    /// <remarks>
    /// As PUT of a resource does, in one request or in several. The media type is that of the name's ending where the request says none.
    /// What has the name is replaced, unless If-None-Match: * forbids it.
    /// </remarks>
    /// <response code="200">It replaced another version, or the same bytes were here already.</response>
    /// <response code="201">It is new, is kept, and rains.</response>
    /// <response code="202">
    /// It is kept here, but fewer nodes than ?replicas= held it within Gateway:ReplicaSeconds; replicas says how many.
    /// </response>
    public static async Task<IResult> PutAsync(
        HttpContext http, NodeHost host, GatewaySettings settings, TimeProvider time,
        [Meaning("The name, as images/disk.iso.", "images/disk.iso")] string path = "") =>
        FilePath.TryReadFile(http, out var name) is { } wrong
            ? wrong
            : await ResourceWriting.ReceiveAsync(
                http, host.Node, settings, time, ResourcePath.IdOf(name), name, isClassic: false);

    /// <summary>Uploads a form into a folder, or copies or moves a file</summary>
    /// <remarks>
    /// The files of a form (multipart/form-data) are kept under their names in the folder, also those that came before one that failed.
    /// A request of tus (Tus-Resumable: 1.0.0), or with Upload-Complete one of the IETF draft whose Content-Disposition or metadata name
    /// the file, creates an upload there, to which PATCH of its Location adds the bytes.
    /// With ?copyTo= or ?moveTo= the file gets another name, without its bytes being copied. A move is a copy and then a deletion.
    /// </remarks>
    /// <response code="200">The other name had another version, or the same one; of a form: all files were here already.</response>
    /// <response code="201">The file has the other name; of a form: the files are kept.</response>
    /// <response code="202">It is kept here, but not yet on as many nodes as were asked for.</response>
    /// <response code="303">A form of a browser was taken; the folder shows it.</response>
    public static async Task<IResult> PostAsync(
        HttpContext http, NodeHost host, GatewaySettings settings, TimeProvider time,
        [Meaning("The name, or with a slash at the end the folder.", "images/")] string path = "")
    {
        if (FilePath.TryRead(http, out var name) is { } wrong)
        {
            return wrong;
        }

        if (TusProtocol.IsSpoken(http.Request))
        {
            return await TusProtocol.CreateAsync(http, host.Node, settings, time, name);
        }

        var (copyTo, moveTo) = (http.Request.Query["copyTo"], http.Request.Query["moveTo"]);
        if (copyTo.Count + moveTo.Count == 1 && !FilePath.IsFolder(name))
        {
            return await CopyAsync(http, host.Node, settings, time, name, (copyTo.Count > 0 ? copyTo : moveTo)[0]!, moveTo.Count > 0);
        }

        if (copyTo.Count + moveTo.Count > 0 || !FilePath.IsFolder(name))
        {
            return new Problem(
                ProblemType.InvalidParameter,
                "POST is for a folder with a form (multipart/form-data), or for a file with either ?copyTo= or ?moveTo=. PUT uploads a "
                + "file.");
        }

        return http.Request.Headers["Upload-Complete"].Count > 0
            ? await CreateAsync(http, host.Node, settings, time, name)
            : await FormReceiving.ReceiveAsync(http, host.Node, settings, name);
    }

    /// <summary>An upload of the IETF draft, of the file that the request names, in a folder.</summary>
    private static async Task<IResult> CreateAsync(
        HttpContext http, MurkyNode node, GatewaySettings settings, TimeProvider time, string folder)
    {
        var headers = http.Request.Headers;
        var file = SentDisposition.Read(headers.ContentDisposition).FileName ?? TusProtocol.FileNameIn(headers);
        if (string.IsNullOrEmpty(file))
        {
            return new Problem(
                ProblemType.InvalidParameter,
                $"{FilePath.UrlOf(folder)} is a folder: Content-Disposition has to have a filename, or Upload-Metadata one.");
        }

        return FilePath.TryReadTarget(folder + file.TrimStart('/'), "", out var path) is { } wrong
            ? wrong
            : await ResourceWriting.ReceiveAsync(http, node, settings, time, ResourcePath.IdOf(path), path, isClassic: false);
    }

    private static async Task<IResult> CopyAsync(
        HttpContext http, MurkyNode node, GatewaySettings settings, TimeProvider time, string path, string wanted, bool isMove)
    {
        if (FilePath.TryReadTarget(wanted, ResourcePath.NameOf(path), out var target) is { } wrong)
        {
            return wrong;
        }

        if (target == path)
        {
            return new Problem(ProblemType.InvalidParameter, $"{FilePath.UrlOf(path)} has that name.");
        }

        var headers = http.Request.Headers;
        try
        {
            var (result, missing) = await node.CopyAsync(
                path, target,
                Preconditions.AreAnyIn(headers)
                    ? stored => Preconditions.Evaluate(
                        headers, isRead: false, stored is { Manifest.IsDeleted: false } ? stored.Manifest : null, time.GetUtcNow())
                        != Preconditions.Outcome.Failed
                    : null,
                CancellationToken.None);
            if (missing is not null)
            {
                return Problem.OfOpening(ResourcePath.IdOf(path), missing, FilePath.UrlOf(path));
            }

            if (result!.Outcome == UploadOutcome.PreconditionFailed)
            {
                return ResourceWriting.Failed(result.Resource);
            }

            if (isMove && result.Outcome is UploadOutcome.Created or UploadOutcome.Replaced)
            {
                // What somebody has put there meanwhile is not what was copied, and stays.
                var copied = result.Resource!.Manifest.Sha256;
                var deleted = await node.DeleteAsync(
                    ResourcePath.IdOf(path), current => current?.Sha256 == copied, CancellationToken.None);
                if (deleted.Outcome is DeleteOutcome.NoLaterVersion or DeleteOutcome.PreconditionFailed)
                {
                    return new Problem(
                        ProblemType.Conflict, $"{FilePath.UrlOf(path)} was changed meanwhile, and stays; what it was has the other name.");
                }
            }

            return await ResourceWriting.AnswerAsync(http, node, settings.Gateway, result, 1, isInParts: false, isClassic: false);
        }
        catch (FetchFailedException e)
        {
            return Problem.OfFetch(ResourcePath.IdOf(path), e);
        }
        catch (StoreException e)
        {
            return Problem.OfStore(e);
        }
        catch (ClusterUnavailableException e)
        {
            return Problem.OfCluster(e);
        }
    }
}
