using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Security.Cryptography;
using Amazon.Runtime;
using Amazon.S3.Model;
using MurkyWaters.Backing;

namespace MurkyWaters.Engines.S3;

/// <summary>Putting: what is small in one request, what is large in parts. Which parts an earlier try has brought is asked of the service,
/// so that it is known after a restart as well, and of another node's try.</summary>
public sealed partial class S3BackEnd
{
    /// <summary>What S3 takes of parts.</summary>
    private const int PartCountMax = 10_000;

    /// <summary>The least that is expected to go through: a part is given the time that it takes at this pace.</summary>
    private const int BytesPerSecondMin = 64 * 1024;

    /// <inheritdoc/>
    public async Task<bool> PutAsync(string name, IBackEndContent content, bool onlyIfAbsent, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(content);
        var partBytes = PartBytesOf(content.Length);
        if (content.Length > partBytes)
        {
            await PutPartsAsync(name, content, partBytes, cancellationToken);
            return true;
        }

        var buffer = ArrayPool<byte>.Shared.Rent((int)content.Length);
        try
        {
            var (bytes, md5) = await ReadAsync(content, buffer, 0, (int)content.Length, cancellationToken);
            using var stream = new CountedStream(this, bytes);
            var request = new PutObjectRequest
            {
                BucketName = _settings.Bucket,
                Key = KeyOf(name),
                InputStream = stream,
                AutoCloseStream = false,
                ContentType = "application/octet-stream",
                MD5Digest = Convert.ToBase64String(md5),
                IfNoneMatch = onlyIfAbsent ? "*" : null,
            };
            request.Metadata.Add(DigestKey, content.Digest);
            Compare(name, md5, (await AskAsync(
                token => _client.PutObjectAsync(request, token), PatienceFor(content.Length), cancellationToken)).ETag);
            return true;
        }
        catch (BackEndException error) when (error.InnerException is
            AmazonServiceException { StatusCode: HttpStatusCode.PreconditionFailed })
        {
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>The same for every try: parts of another size are of no use to the next.</summary>
    private int PartBytesOf(long length)
    {
        const int step = 1024 * 1024;
        var least = (length + PartCountMax - 1) / PartCountMax;
        var rounded = (least + step - 1) / step * step;
        return rounded <= Array.MaxLength
            ? (int)Math.Max(_settings.PartBytes, rounded)
            : throw new BackEndException(BackEndError.Other, $"{length} bytes are more than an object may have.");
    }

    private async Task PutPartsAsync(string name, IBackEndContent content, int partBytes, CancellationToken cancellationToken)
    {
        var upload = await FindUploadAsync(name, cancellationToken);
        var brought = upload is null ? [] : await FindPartsAsync(name, upload, cancellationToken);
        upload ??= await BeginUploadAsync(name, content, cancellationToken);
        var buffer = ArrayPool<byte>.Shared.Rent(partBytes);
        try
        {
            var parts = new List<PartETag>();
            for (var offset = 0L; offset < content.Length; offset += partBytes)
            {
                var number = parts.Count + 1;
                var (bytes, md5) = await ReadAsync(
                    content, buffer, offset, (int)Math.Min(partBytes, content.Length - offset), cancellationToken);
                var isBrought = brought.TryGetValue(number, out var there) && there.Size == bytes.Length
                    && string.Equals(there.ETag?.Trim('"'), Convert.ToHexStringLower(md5), StringComparison.OrdinalIgnoreCase);
                parts.Add(new PartETag(
                    number, isBrought ? there!.ETag : await PutPartAsync(name, upload, number, bytes, md5, cancellationToken)));
            }

            await AskAsync(
                token => _client.CompleteMultipartUploadAsync(
                    new CompleteMultipartUploadRequest
                    {
                        BucketName = _settings.Bucket,
                        Key = KeyOf(name),
                        UploadId = upload,
                        PartETags = parts,
                    },
                    token),
                PatienceFor(content.Length), cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task<string> PutPartAsync(
        string name, string upload, int number, ReadOnlyMemory<byte> bytes, byte[] md5, CancellationToken cancellationToken)
    {
        using var stream = new CountedStream(this, bytes);
        var put = await AskAsync(
            token => _client.UploadPartAsync(
                new UploadPartRequest
                {
                    BucketName = _settings.Bucket,
                    Key = KeyOf(name),
                    UploadId = upload,
                    PartNumber = number,
                    InputStream = stream,
                    PartSize = bytes.Length,
                    MD5Digest = Convert.ToBase64String(md5),
                },
                token),
            PatienceFor(bytes.Length), cancellationToken);
        Compare(name, md5, put.ETag);
        return put.ETag;
    }

    private async Task<string?> FindUploadAsync(string name, CancellationToken cancellationToken)
    {
        var key = KeyOf(name);
        var found = await AskAsync(
            token => _client.ListMultipartUploadsAsync(
                new ListMultipartUploadsRequest { BucketName = _settings.Bucket, Prefix = key }, token),
            _settings.Patience, cancellationToken);
        return found.MultipartUploads?.FirstOrDefault(one => one.Key == key)?.UploadId;
    }

    private async Task<Dictionary<int, PartDetail>> FindPartsAsync(string name, string upload, CancellationToken cancellationToken)
    {
        var parts = new Dictionary<int, PartDetail>();
        string? marker = null;
        while (true)
        {
            var after = marker;
            var found = await AskAsync(
                token => _client.ListPartsAsync(
                    new ListPartsRequest { BucketName = _settings.Bucket, Key = KeyOf(name), UploadId = upload, PartNumberMarker = after },
                    token),
                _settings.Patience, cancellationToken);
            foreach (var part in found.Parts ?? [])
            {
                parts[part.PartNumber ?? 0] = part;
            }

            if (found.IsTruncated != true || found.NextPartNumberMarker is not { } next)
            {
                return parts;
            }

            marker = next.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }
    }

    private async Task<string> BeginUploadAsync(string name, IBackEndContent content, CancellationToken cancellationToken)
    {
        var request = new InitiateMultipartUploadRequest
        {
            BucketName = _settings.Bucket,
            Key = KeyOf(name),
            ContentType = "application/octet-stream",
        };
        request.Metadata.Add(DigestKey, content.Digest);
        var begun = await AskAsync(
            token => _client.InitiateMultipartUploadAsync(request, token), _settings.Patience, cancellationToken);
        return begun.UploadId;
    }

    private TimeSpan PatienceFor(long bytes) => _settings.Patience + TimeSpan.FromSeconds((double)bytes / BytesPerSecondMin);

    [SuppressMessage("Security", "CA5351", Justification = "S3's own checksum on the way; what the bytes are, BLAKE3 and SHA-256 say.")]
    private static async Task<(ReadOnlyMemory<byte> Bytes, byte[] Md5)> ReadAsync(
        IBackEndContent content, byte[] buffer, long offset, int count, CancellationToken cancellationToken)
    {
        var bytes = buffer.AsMemory(0, count);
        await content.ReadAsync(offset, bytes, cancellationToken);
        return (bytes, MD5.HashData(bytes.Span));
    }

    /// <summary>Whether the service has what was sent, by its entity tag, where that is an MD5: of what is encrypted it is none.</summary>
    private static void Compare(string name, byte[] md5, string? tag)
    {
        var digest = Convert.ToHexStringLower(md5);
        if (tag?.Trim('"') is { } said && said.Length == digest.Length && !string.Equals(said, digest, StringComparison.OrdinalIgnoreCase))
        {
            throw new BackEndException(BackEndError.Other, $"{name} came there as something else: it has {said}, {digest} was sent.");
        }
    }

    /// <summary>Bytes in memory, which are counted as they are read.</summary>
    private sealed class CountedStream(S3BackEnd owner, ReadOnlyMemory<byte> bytes) : Stream
    {
        private int _position;

        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public override long Length => bytes.Length;

        public override long Position
        {
            get => _position;
            set => _position = checked((int)value);
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            var count = Math.Min(buffer.Length, bytes.Length - _position);
            bytes.Span.Slice(_position, count).CopyTo(buffer);
            _position += count;
            Interlocked.Add(ref owner._bytesPut, count);
            return count;
        }

        public override long Seek(long offset, SeekOrigin origin) => Position = offset + origin switch
        {
            SeekOrigin.Begin => 0,
            SeekOrigin.Current => _position,
            _ => bytes.Length,
        };

        public override void Flush()
        {
        }

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
