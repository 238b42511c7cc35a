using System.Buffers;
using Gateway.Configuration;
using Gateway.Hosting;
using Gateway.Http;
using Gateway.Resources;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using MurkyWaters;
using PouringRain.Protocol.Naming;

namespace Gateway.Files;

/// <summary>Takes the files of a form (RFC 7578), one after the other as they come, into a folder. Fields that are no files are passed
/// over.</summary>
internal static class FormReceiving
{
    /// <summary>Files of one form at most.</summary>
    public const int FileCountMax = 1000;

    /// <summary>RFC 2046 §5.1.1.</summary>
    private const int BoundaryMax = 70;

    private const int FieldBytesMax = 64 * 1024, BufferBytes = 64 * 1024;

    private static readonly TimeSpan QuietAfter = TimeSpan.FromSeconds(1);

    /// <summary>Receives a form.</summary>
    public static async Task<IResult> ReceiveAsync(HttpContext http, MurkyNode node, GatewaySettings settings, string folder)
    {
        if (!MediaTypeHeaderValue.TryParse(http.Request.ContentType, out var type)
            || !type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase)
            || HeaderUtilities.RemoveQuotes(type.Boundary) is not { Length: > 0 and <= BoundaryMax } boundary)
        {
            return new Problem(
                ProblemType.UnsupportedMedia,
                $"A folder takes forms (multipart/form-data with a boundary); PUT {FilePath.UrlOf(folder)}NAME uploads a file.");
        }

        var kept = new List<ResourceSummary>();
        var isNew = false;
        try
        {
            var reader = new MultipartReader(boundary.ToString(), http.Request.Body) { HeadersCountLimit = 16, BodyLengthLimit = null };
            while (await reader.ReadNextSectionAsync(CancellationToken.None) is { } section)
            {
                var disposition = SentDisposition.Read(section.ContentDisposition);
                if (disposition.FileName is null)
                {
                    if (!await TrySkipAsync(section.Body))
                    {
                        return Failed(kept, new Problem(ProblemType.TooLarge, $"A field has more than {FieldBytesMax} bytes."));
                    }

                    continue;
                }

                if (kept.Count == FileCountMax)
                {
                    return Failed(kept, new Problem(ProblemType.TooLarge, $"A form may have {FileCountMax} files."));
                }

                var (problem, result) = await TakeFileAsync(http, node, settings, folder, disposition.FileName, section);
                if (problem is not null)
                {
                    http.Response.Headers.Connection = "close";
                    return Failed(kept, problem);
                }

                isNew |= result!.Outcome == UploadOutcome.Created;
                kept.Add(ResourceSummary.Of(result.Resource!, node));
            }
        }
        catch (StoreException e)
        {
            return Failed(kept, Problem.OfStore(e));
        }
        catch (BadHttpRequestException e)
        {
            return Failed(kept, Problem.OfBadRequest(e));
        }
        catch (Exception e) when (e is IOException or InvalidDataException or ConnectionAbortedException)
        {
            return Failed(kept, new Problem(ProblemType.IncompleteBody, "The form ended early or was malformed."));
        }

        if (kept.Count == 0)
        {
            return new Problem(ProblemType.InvalidParameter, "The form has no file in it.");
        }

        return http.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase)
            ? new SeeFolder(FilePath.UrlOf(folder))
            : TypedResults.Json(
                new FormAnswer(kept), statusCode: isNew ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    private static async Task<(Problem? Problem, UploadResult? Result)> TakeFileAsync(
        HttpContext http, MurkyNode node, GatewaySettings settings, string folder, string fileName, MultipartSection section)
    {
        // Browsers send names of folders with files that were chosen with them, and old ones whole paths of Windows.
        var name = fileName.Replace('\\', '/').TrimStart('/');
        if (FilePath.TryReadTarget(folder + name, "", out var path) is { } wrong)
        {
            return (wrong, null);
        }

        var contentType = string.IsNullOrWhiteSpace(section.ContentType) || !MediaTypeHeaderValue.TryParse(section.ContentType, out _)
            || !PouringRain.Protocol.Manifest.IsContentType(section.ContentType)
            ? null : section.ContentType;
        await using var upload = node.BeginUpload(new UploadOptions
        {
            Id = ResourcePath.IdOf(path),
            Path = path,
            ContentType = contentType is null or "application/octet-stream" ? FileTypes.Of(path) ?? contentType : contentType,
            FileName = ResourcePath.NameOf(path),
        });
        var bytesMax = UploadRequest.LengthMaxOf(settings);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            for (var total = 0L; ;)
            {
                var reading = section.Body.ReadAsync(buffer, CancellationToken.None).AsTask();
                if (!reading.IsCompleted && await Task.WhenAny(reading, Task.Delay(QuietAfter)) != reading)
                {
                    await upload.RestAsync();
                }

                var count = await reading;
                if (count == 0)
                {
                    break;
                }

                total += count;
                RequestLog.CountReceived(http, count);
                if (total > bytesMax)
                {
                    return (UploadRequest.TooLarge(settings), null);
                }

                await upload.WriteAsync(buffer.AsMemory(0, count), CancellationToken.None);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        var result = await upload.CommitAsync(CancellationToken.None);
        return result.Outcome is UploadOutcome.Created or UploadOutcome.Replaced or UploadOutcome.Unchanged
            ? (null, result)
            : (ResourceWriting.ProblemOf(result), null);
    }

    private static async Task<bool> TrySkipAsync(Stream body)
    {
        var buffer = new byte[1024];
        for (var total = 0; await body.ReadAsync(buffer) is > 0 and var count;)
        {
            total += count;
            if (total > FieldBytesMax)
            {
                return false;
            }
        }

        return true;
    }

    private static Problem Failed(List<ResourceSummary> kept, Problem problem) => kept.Count == 0 ? problem
        : problem.With($"{problem.Detail} Of the form's files {kept.Count} came before and are kept, the last of them {kept[^1].Path}.");

    /// <summary>Sends a browser, which would show the answer in place of the folder, back to that.</summary>
    private sealed class SeeFolder(string url) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
            httpContext.Response.Headers.Location = url;
            return Task.CompletedTask;
        }
    }
}

/// <summary>What came of a form.</summary>
/// <param name="Items">Its files, in its order.</param>
/// <example>
/// { "items": [
/// {
/// "id": "42", "length": 50000000, "etag": "\"d8a624a3ffa3d942f2bf0e9ac8d2bb1b7e9d2a4f3c1e5a6b7c8d9e0f1a2b3c4d\"",
/// "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "contentType": "video/mp4",
/// "fileName": "holiday.mp4", "path": null, "code": "raptorq", "blockSize": 1048576, "symbolSize": 1408, "blocks": 48,
/// "version": "d8a624a3ffa3d942f2bf0e9ac8d2bb1b7e9d2a4f3c1e5a6b7c8d9e0f1a2b3c4d",
/// "modified": "2026-11-21T06:10:07.642+00:00", "replicas": 1, "wanted": 1, "holders": ["7c0d8b52a1f04e6c93b1d6f0a2e4c811"],
/// "storage": "replicated", "survives": null, "pieces": null
/// }
/// ] }
/// </example>
internal sealed record FormAnswer(IReadOnlyList<ResourceSummary> Items);
