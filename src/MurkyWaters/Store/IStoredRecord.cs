namespace MurkyWaters.Store;

/// <summary>A small record with a file of its own in the store.</summary>
/// <typeparam name="T">The record itself.</typeparam>
internal interface IStoredRecord<T>
    where T : class, IStoredRecord<T>
{
    /// <summary>The file's name.</summary>
    string Name { get; }

    /// <summary>As it is kept.</summary>
    byte[] Write();

    /// <summary>Reads it; null for anything else.</summary>
    static abstract T? TryRead(ReadOnlyMemory<byte> bytes);
}
