using System.IO.Pipelines;
using Gateway.Hosting;

namespace Gateway.Resources;

/// <summary>Reads the body of an upload as it arrives. Nothing here hangs on the client's being there: what has come is read, and a
/// connection that broke in mid-body says so by failing the reading.</summary>
internal static class UploadBody
{
    /// <summary>Hands the body on piece by piece; false when it is over the limit.</summary>
    /// <param name="http">The request.</param>
    /// <param name="write">Takes the next piece.</param>
    /// <param name="bytesMax">The limit.</param>
    /// <param name="stop">Ends the reading though the client is still there.</param>
    /// <exception cref="OperationCanceledException">The reading was ended.</exception>
    /// <exception cref="IOException">The connection broke before the last byte.</exception>
    public static async Task<bool> TryCopyAsync(
        HttpContext http, Func<ReadOnlyMemory<byte>, ValueTask> write, long bytesMax, CancellationToken stop = default)
    {
        var body = http.Request.BodyReader;

        // A read that is ended by a token leaves the server unable to read over the rest of the body; this does not.
        await using var stopping = stop.Register(body.CancelPendingRead);
        var total = 0L;
        while (true)
        {
            var read = await ReadAsync(body);
            if (read.IsCanceled)
            {
                body.AdvanceTo(read.Buffer.Start);
                throw new OperationCanceledException(stop);
            }

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
        }
    }

    /// <exception cref="BadHttpRequestException">The body's form is wrong.</exception>
    private static async ValueTask<ReadResult> ReadAsync(PipeReader body)
    {
        try
        {
            return await body.ReadAsync(CancellationToken.None);
        }
        catch (IOException e) when (e.InnerException is OverflowException)
        {
            // The server tells of a chunk larger than it can count in this way alone.
            throw new BadHttpRequestException("A chunk of the body is said to be larger than any can be.", e);
        }
    }
}
