@echo off
rem Install facetfusion for this user, without network and without an administrator.
rem Needs Python 3.12 of python.org, which installs for one user as well. NOT RUN by us: see
rem docs/install.md.
setlocal
cd /d "%~dp0"
set /p VERSION=<VERSION
set "APPS=%LOCALAPPDATA%\Programs\facetfusion"
set "TO=%APPS%\%VERSION%"
for /f "delims=" %%P in ('py -3.12 -c "import sys; print(sys.executable)"') do set "PYTHON=%%P"
if not defined PYTHON (
    echo facetfusion: Python 3.12 is missing. Install it from python.org, for this user is enough.
    exit /b 1
)
if not exist "%TO%\whole" (
    if exist "%TO%" rmdir /s /q "%TO%"
    uv.exe --quiet --no-config --offline --no-cache venv --no-project --python "%PYTHON%" "%TO%" || exit /b 1
    uv.exe --quiet --no-config --offline --no-cache pip install --no-index --no-deps --find-links wheels --require-hashes --python "%TO%\Scripts\python.exe" --requirement requirements.lock || exit /b 1
    "%TO%\Scripts\facetfusion.exe" doctor --page "%TO%\check.html" || exit /b 1
    type nul > "%TO%\whole"
)
rem The version before stays; the shortcut leads to the new one from here on.
powershell -NoProfile -Command "$s = (New-Object -ComObject WScript.Shell).CreateShortcut([Environment]::GetFolderPath('Programs') + '\facetfusion.lnk'); $s.TargetPath = $env:TO + '\Scripts\facetfusion.exe'; $s.Save()" || exit /b 1
echo facetfusion: installed. Start it from the Start menu.
