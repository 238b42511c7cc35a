using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Browser;

/// <summary>Uploads in several requests, and answers that a real gateway gives seldom.</summary>
internal sealed partial class ScriptedGateway
{
    private readonly ConcurrentDictionary<string, long> _uploads = new();
    private int _uploadCount;

    /// <summary>What the next pieces are answered with in place of being taken; once it is empty they are taken.</summary>
    public ConcurrentQueue<PieceAnswer> PieceAnswers { get; } = new();

    /// <summary>Whether pieces are left without an answer.</summary>
    public bool HoldsPieces { get; set; }

    /// <summary>Uploads that have begun and neither ended nor were given up.</summary>
    public int OpenUploads => _uploads.Count;

    /// <summary>All requests of uploads, in order, with the time since the gateway started.</summary>
    public ConcurrentQueue<(string Method, TimeSpan At)> UploadRequests { get; } = new();

    /// <summary>Whether a piece is answered with a status, and what becomes of the upload.</summary>
    public sealed record PieceAnswer(int Status, string? RetryAfter = null, bool Forgets = false);

    private void MapUploads()
    {
        _app.MapPut("/files/{**path}", CreateUpload);
        _app.MapPut("/resources/{id}", CreateUpload);
        _app.MapMethods("/uploads/{token}", ["HEAD"], ShowUpload);
        _app.MapPatch("/uploads/{token}", (Delegate)TakePieceAsync);
        _app.MapDelete("/uploads/{token}", (string token) => _uploads.TryRemove(token, out _) ? Results.NoContent() : Results.NotFound());
    }

    private IResult CreateUpload(HttpContext context)
    {
        Note(context);
        var token = Interlocked.Increment(ref _uploadCount).ToString(CultureInfo.InvariantCulture);
        _uploads[token] = 0;
        return Results.Created($"/uploads/{token}", null);
    }

    private IResult ShowUpload(HttpContext context, string token)
    {
        Note(context);
        if (!_uploads.TryGetValue(token, out var offset))
        {
            return Results.NotFound();
        }

        context.Response.Headers["Upload-Offset"] = offset.ToString(CultureInfo.InvariantCulture);
        context.Response.Headers["Upload-Complete"] = "?0";
        return Results.NoContent();
    }

    private async Task<IResult> TakePieceAsync(HttpContext context, string token)
    {
        Note(context);
        long length = 0;
        var buffer = new byte[65536];
        for (int read; (read = await context.Request.Body.ReadAsync(buffer, context.RequestAborted)) > 0;)
        {
            length += read;
        }

        if (HoldsPieces)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted);
        }

        if (PieceAnswers.TryDequeue(out var answer))
        {
            if (answer.Forgets)
            {
                _uploads.TryRemove(token, out _);
            }

            context.Response.Headers.RetryAfter = answer.RetryAfter;
            return Results.Problem("It is so by script.", statusCode: answer.Status, title: "Not now");
        }

        var offset = _uploads[token] += length;
        context.Response.Headers["Upload-Offset"] = offset.ToString(CultureInfo.InvariantCulture);
        if (context.Request.Headers["Upload-Complete"] != "?1")
        {
            return Results.NoContent();
        }

        _uploads.TryRemove(token, out _);
        AddResource(42, "uploaded.bin", offset, "application/octet-stream", TimeSpan.Zero);
        return Results.Json(_resources[42], statusCode: 201);
    }

    private void Note(HttpContext context) => UploadRequests.Enqueue((context.Request.Method, _clock.Elapsed));
}
