using Microsoft.Win32.SafeHandles;

namespace MurkyWaters.Store;

#pragma warning disable RS0030 // This is the one place that has files.
/// <summary>Small files that change whole.</summary>
internal sealed partial class StoreFiles
{
    /// <summary>Bytes on the disk that are to become a file. Disposed before <see cref="Put"/>, they go.</summary>
    internal sealed class Replacement : IDisposable
    {
        private readonly StoreFiles _files;
        private readonly string _path;
        private readonly string _temporary;
        private readonly SafeFileHandle? _folder;

        public Replacement(StoreFiles files, string path, string temporary)
        {
            _files = files;
            _path = path;
            _temporary = temporary;
            try
            {
                _folder = files.OpenFolder(Path.GetDirectoryName(path)!);
            }
            catch (StoreException)
            {
                files.Discard(temporary);
                throw;
            }
        }

        /// <summary>Whether the path has the new bytes, as far as the running system goes.</summary>
        public bool IsPut { get; private set; }

        /// <summary>Renames over whatever is there.</summary>
        /// <exception cref="StoreException">The disk does not take it.</exception>
        public void Put()
        {
            try
            {
                _files.Step("rename", _path);
                _files._disk.Move(_temporary, _path);
                IsPut = true;
            }
            catch (Exception error) when (DiskErrors.Of(error) != DiskError.None)
            {
                // A disk that failed may have done it all the same.
                IsPut = !File.Exists(_temporary);
                throw _files.Health.Judge(error, isFlush: false);
            }
        }

        /// <summary>Waits until the name is on the disk.</summary>
        /// <exception cref="StoreException">It may not be: after a crash the path has the old bytes or the new ones.</exception>
        public void Flush() => _files.FlushFolder(_folder);

        /// <inheritdoc/>
        public void Dispose()
        {
            _folder?.Dispose();
            if (!IsPut)
            {
                _files.Discard(_temporary);
            }
        }
    }
}
