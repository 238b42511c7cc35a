using System.IO.Pipelines;
using Gateway.Hosting;

namespace Gateway.Resources;

/// <summary>Reads the body of an upload as it arrives. Nothing here hangs on the client's being there: what has come is read, and a
/// connection that broke in mid-body says so by failing the reading.</summary>
internal static class UploadBody
{
    /// <summary>How long nothing may come before the upload gives back what it holds: long beside a pause of a fast client, short
    /// beside the patience of a thousand slow ones.</summary>
    private static readonly TimeSpan QuietAfter = TimeSpan.FromSeconds(1);

    /// <summary>Fewer bytes in that time are as good as none: what an upload has at hand for them is more.</summary>
    private const int QuietBytes = 64 * 1024;

    /// <summary>Hands the body on piece by piece; false when it is over the limit.</summary>
    /// <param name="http">The request.</param>
    /// <param name="write">Takes the next piece.</param>
    /// <param name="bytesMax">The limit.</param>
    /// <param name="rest">Called when nothing, or next to nothing, has come for a while.</param>
    /// <param name="stop">Ends the reading though the client is still there.</param>
    /// <exception cref="OperationCanceledException">The reading was ended.</exception>
    /// <exception cref="IOException">The connection broke before the last byte.</exception>
    public static async Task<bool> TryCopyAsync(
        HttpContext http, Func<ReadOnlyMemory<byte>, ValueTask> write, long bytesMax, Func<ValueTask> rest,
        CancellationToken stop = default)
    {
        var body = http.Request.BodyReader;

        // A read that is ended by a token leaves the server unable to read over the rest of the body; this does not.
        await using var stopping = stop.Register(body.CancelPendingRead);
        await using var quiet = new Timer(
            static reader => ((PipeReader)reader!).CancelPendingRead(), body, Timeout.Infinite, Timeout.Infinite);
        var isResting = false;
        var lookedAt = TimeProvider.System.GetTimestamp();
        var seen = 0L;
        var total = 0L;
        while (true)
        {
            var read = await ReadAsync(body, isResting ? null : quiet);
            if (read.IsCanceled)
            {
                body.AdvanceTo(read.Buffer.Start);
                stop.ThrowIfCancellationRequested();
                await rest();
                isResting = true;
                continue;
            }

            isResting = false;
            total += read.Buffer.Length;
            RequestLog.CountReceived(http, read.Buffer.Length);
            if (total > bytesMax)
            {
                body.AdvanceTo(read.Buffer.End);
                return false;
            }

            try
            {
                foreach (var segment in read.Buffer)
                {
                    await write(segment);
                }
            }
            finally
            {
                // Also when the store takes no more: else the server could not read over what is left.
                body.AdvanceTo(read.Buffer.End);
            }

            if (read.IsCompleted)
            {
                return true;
            }

            if (TimeProvider.System.GetElapsedTime(lookedAt) >= QuietAfter)
            {
                if (total - seen < QuietBytes)
                {
                    await rest();
                }

                (lookedAt, seen) = (TimeProvider.System.GetTimestamp(), total);
            }
        }
    }

    /// <exception cref="BadHttpRequestException">The body's form is wrong.</exception>
    private static async ValueTask<ReadResult> ReadAsync(PipeReader body, Timer? quiet)
    {
        try
        {
            var reading = body.ReadAsync(CancellationToken.None);
            if (quiet is null || reading.IsCompleted)
            {
                return await reading;
            }

            quiet.Change(QuietAfter, Timeout.InfiniteTimeSpan);
            try
            {
                return await reading;
            }
            finally
            {
                quiet.Change(Timeout.Infinite, Timeout.Infinite);
            }
        }
        catch (IOException e) when (e.InnerException is OverflowException)
        {
            // The server tells of a chunk larger than it can count in this way alone.
            throw new BadHttpRequestException("A chunk of the body is said to be larger than any can be.", e);
        }
    }
}
