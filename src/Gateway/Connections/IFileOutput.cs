namespace Gateway.Connections;

/// <summary>A feature of connections whose output can take runs of a file without their bytes passing through this process.</summary>
internal interface IFileOutput
{
    /// <summary>The most bytes of one run.</summary>
    int RunBytesMax { get; }

    /// <summary>Bytes given to the system in all, of whatever was flushed: of a broken connection, that is what was sent.</summary>
    long SentBytes { get; }

    /// <summary>Whether the connection takes no more.</summary>
    bool IsBroken { get; }

    /// <summary>Has the memory that the response's writer gives next stand for a run of a file. The writer may have come by other memory
    /// than the connection's (HTTP/2, TLS, a filter): <see cref="Takes"/> tells.</summary>
    /// <param name="file">Opened for asynchronous reading; it stays open, and these bytes
    /// of it as they are, until they are flushed.</param>
    /// <param name="offset">Where the run begins.</param>
    /// <param name="count">Its bytes, at most <see cref="RunBytesMax"/>.</param>
    void Offer(FileStream file, long offset, int count);

    /// <summary>Whether that memory stands for the run that was offered: then it is to be advanced over unwritten. The offer
    /// ends here otherwise.</summary>
    bool Takes(ReadOnlyMemory<byte> memory);
}
